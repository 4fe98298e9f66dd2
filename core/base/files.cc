#include "core/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <numeric>

#include "core/base/error.h"

namespace cohort {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void io_failed(const std::string& path, const char* what) {
  throw_error<IoError>("{}: cannot {}: {}", path, what, std::strerror(errno));
}

}  // namespace

std::string read_file(const std::string& path) {
  const auto failed = [&](const char* what) {
    throw_error<InputError>("{}: cannot {}: {}", path, what, std::strerror(errno));
  };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) failed("open");
  std::string content;
  struct stat status;
  if (::fstat(fd, &status) == 0) content.reserve(static_cast<size_t>(status.st_size));
  std::array<char, 1 << 16> block;
  for (;;) {  // to the end of what is there: a pipe has no size
    const ssize_t n = ::read(fd, block.data(), block.size());
    if (n == 0) break;
    if (n > 0) {
      content.append(block.data(), static_cast<size_t>(n));
    } else if (errno != EINTR) {
      const int error = errno;
      ::close(fd);
      errno = error;
      failed("read");
    }
  }
  ::close(fd);
  return content;
}

void write_file_atomic(const std::string& path, std::string_view content) {
  const std::string part = path + ".part";
  const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) io_failed(part, "create");
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = ::write(fd, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      ::close(fd);
      ::unlink(part.c_str());
      errno = error;
      io_failed(part, "write");
    }
    done += static_cast<size_t>(n);
  }
  if (::fsync(fd) != 0) {
    const int error = errno;
    ::close(fd);
    ::unlink(part.c_str());
    errno = error;
    io_failed(part, "fsync");
  }
  ::close(fd);
  commit_rename(part, path);
}

void fsync_path(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) io_failed(path, "open");
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  if (!synced) io_failed(path, "fsync");
}

void make_folders(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw_error<IoError>("{}: cannot make the folder: {}", path, error.message());
}

void commit_rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) io_failed(to, "rename to");
  const fs::path parent = fs::path(to).parent_path();
  fsync_path(parent.empty() ? "." : parent.string());
}

bool path_exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

std::vector<std::string> list_folder(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

void remove_tree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw_error<IoError>("{}: cannot remove: {}", path, error.message());
}

uint64_t hash64(const void* data, size_t size, uint64_t seed) {
  return XXH3_64bits_withSeed(data, size, seed);
}

std::string hash128_hex(const void* data, size_t size) {
  const XXH128_hash_t hash = XXH3_128bits(data, size);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& known) {
  std::string best;
  size_t best_distance = std::max<size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : known) {
    std::vector<size_t> row(candidate.size() + 1);  // Levenshtein, one row at a time
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 1; i <= name.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j <= candidate.size(); ++j) {
        const size_t substituted = diagonal + (name[i - 1] != candidate[j - 1]);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace cohort
