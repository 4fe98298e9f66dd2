// Small owners and wrappers for the helper, which talks to the kernel directly.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "core/base/error.h"

namespace cohort::judge {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Descriptor() { reset(); }
  void reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// The result of a system call, or an IoError that names it.
template <class T>
T checked(T result, const std::string& what) {
  if (result < 0) throw_error<IoError>("{}: {}", what, std::strerror(errno));
  return result;
}

// Whole small files of /proc, /sys and cgroups. Empty: could not be read.
std::string read_file(const std::string& path);
std::string read_start(int fd);  // from its first byte
bool write_file(const std::string& path, const std::string& text);

// A file in memory that nobody can change any more, open for reading alone.
Descriptor sealed_file(const char* name, const std::string& content);

}  // namespace cohort::judge
