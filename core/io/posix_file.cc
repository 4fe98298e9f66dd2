#include "core/io/posix_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/error.h"

namespace cohort::posix_file {

void fail(const std::string& path, const char* what) {
  throw_error<IoError>("{}: cannot {}: {}", path, what, std::strerror(errno));
}

size_t write_some(int fd, const void* data, size_t size) {
  constexpr size_t kMostPerCall = size_t{1} << 30;  // Linux writes at most 2 GiB a call
  const char* bytes = static_cast<const char*>(data);
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::write(fd, bytes + done, std::min(size - done, kMostPerCall));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

void write_all(int fd, const std::string& path, const void* data, size_t size) {
  if (write_some(fd, data, size) < size) fail(path, "write");
}

int open_append(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) fail(path, "open for append");
  return fd;
}

void append_durably(int fd, const std::string& path, std::string& buffer) {
  const size_t written = write_some(fd, buffer.data(), buffer.size());
  const int error = errno;
  buffer.erase(0, written);
  errno = error;
  if (!buffer.empty()) fail(path, "write");
  if (::fsync(fd) != 0) fail(path, "fsync");
}

}  // namespace cohort::posix_file
