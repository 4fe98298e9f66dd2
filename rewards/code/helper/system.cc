#include "rewards/code/helper/system.h"

#include <fcntl.h>
#include <sys/mman.h>

namespace cohort::judge {

std::string read_start(int fd) {
  std::string text;
  char buffer[4096];
  ssize_t count = 0;
  while ((count = pread(fd, buffer, sizeof buffer, static_cast<off_t>(text.size()))) > 0) {
    text.append(buffer, static_cast<size_t>(count));
  }
  return text;
}

std::string read_file(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file ? read_start(file.get()) : "";
}

bool write_file(const std::string& path, const std::string& text) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

Descriptor sealed_file(const char* name, const std::string& content) {
  const Descriptor file(
      checked(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), "memfd_create"));
  for (size_t done = 0; done < content.size();) {
    done += static_cast<size_t>(
        checked(write(file.get(), content.data() + done, content.size() - done), "memfd"));
  }
  checked(fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
          "F_ADD_SEALS");
  const std::string path = fmt::format("/proc/self/fd/{}", file.get());
  return Descriptor(checked(open(path.c_str(), O_RDONLY | O_CLOEXEC), path));
}

}  // namespace cohort::judge
