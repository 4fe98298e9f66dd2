// Inside core/io only: a whole file mapped read-only.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace cohort {

class MappedFile {
 public:
  explicit MappedFile(const std::string& path);  // throws InputError
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(address_), size_};
  }
  // The pages of `part` leave the process's memory; reading them again is right, and slower. Does
  // nothing for a part of another file.
  void release(std::span<const std::byte> part) const;

 private:
  void* address_ = nullptr;
  size_t size_ = 0;
};

}  // namespace cohort
