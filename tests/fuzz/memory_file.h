// Files that exist in memory alone, for readers that take a path.
#pragma once

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/fuzz/checks.h"

class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) { must(fd_ >= 0, "no memory file"); }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  void set(const uint8_t* data, size_t size) {
    must(::ftruncate(fd_, static_cast<off_t>(size)) == 0 &&
             ::pwrite(fd_, data, size, 0) == static_cast<ssize_t>(size),
         "cannot write the memory file");
  }
  std::string path() const { return fmt::format("/proc/self/fd/{}", fd_); }

 private:
  int fd_;
};

// A folder for what is written, gone at the end of the process.
class ScratchFolder {
 public:
  ScratchFolder() {
    const bool in_memory = std::filesystem::is_directory("/dev/shm");
    path_ = std::string(in_memory ? "/dev/shm" : "/tmp") + "/cohort_fuzz_XXXXXX";
    must(::mkdtemp(path_.data()) != nullptr, "no scratch folder");
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};
