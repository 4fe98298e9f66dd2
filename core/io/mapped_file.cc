#include "core/io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>

#include "core/base/error.h"

namespace cohort {

MappedFile::MappedFile(const std::string& path) {
  // Without O_NONBLOCK the opening of a pipe waits for its other end.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw_error<InputError>("{}: cannot open: {}", path, std::strerror(errno));
  struct stat status {};
  const bool regular = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  size_ = regular ? static_cast<size_t>(status.st_size) : 0;
  if (size_ > 0) address_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
  const int error = errno;
  ::close(fd);
  if (!regular) throw_error<InputError>("{}: not a regular file", path);
  if (address_ == MAP_FAILED)
    throw_error<InputError>("{}: cannot map: {}", path, std::strerror(error));
}

void MappedFile::release(std::span<const std::byte> part) const {
  const std::byte* const first = bytes().data();
  const std::less_equal<const std::byte*> no_later;
  if (part.empty() || !no_later(first, part.data()) ||
      !no_later(part.data() + part.size(), first + size_))
    return;
  // Neighbours on the border pages are read again when they are asked for.
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = static_cast<size_t>(part.data() - first) / page * page;
  const auto end = static_cast<size_t>(part.data() - first) + part.size();
  ::madvise(static_cast<std::byte*>(address_) + begin, end - begin, MADV_DONTNEED);
}

MappedFile::~MappedFile() {
  if (size_ > 0) ::munmap(address_, size_);
}

}  // namespace cohort
