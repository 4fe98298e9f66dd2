#include "rewards/code/helper/memory_cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string_view>
#include <vector>

namespace cohort::judge {
namespace {

int64_t to_number(const std::string& text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool has_word(const std::string& text, const std::string& word, char separator) {
  std::istringstream words(text);
  for (std::string one; std::getline(words, one, separator);) {
    while (!one.empty() && one.back() == '\n') one.pop_back();
    if (one == word) return true;
  }
  return false;
}

// Mount point of the hierarchy: "cgroup2", or "cgroup" with the option "memory".
std::string mount_point(const std::string& mounts, const std::string& type,
                        const std::string& option) {
  std::istringstream lines(mounts);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string device, folder, kind, options;
    fields >> device >> folder >> kind >> options;
    if (kind == type && (option.empty() || has_word(options, option, ','))) return folder;
  }
  return "";
}

// This process's place in a hierarchy, from /proc/self/cgroup ("4:memory:/a/b", "0::/a/b").
std::string own_place(const std::string& memberships, const std::string& controller) {
  std::istringstream lines(memberships);
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? controllers.empty() : has_word(controllers, controller, ',')) {
      return line.substr(second + 1);
    }
  }
  return "";
}

Descriptor open_in(const std::string& folder, const char* name, int flags) {
  return Descriptor(open((folder + "/" + name).c_str(), flags | O_CLOEXEC));
}

bool put(const Descriptor& file, const std::string& text) {
  return file &&
         pwrite(file.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

constexpr std::string_view kName = "cohort-judge-";

// The groups of helpers that were killed before they could remove them. One that keeps its
// processes stays: the kernel refuses.
void remove_stale(const std::string& parent) {
  std::error_code error;
  std::vector<std::string> stale;
  for (const auto& entry : std::filesystem::directory_iterator(parent, error)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kName)) continue;
    const int process = std::atoi(name.c_str() + kName.size());
    if (process > 0 && kill(process, 0) != 0 && errno == ESRCH) stale.push_back(entry.path());
  }
  int waits = 100;  // for the processes of one that was killed a moment ago
  for (const std::string& folder : stale) {
    while (rmdir(folder.c_str()) != 0 && errno == EBUSY && waits-- > 0) usleep(10000);
  }
}

std::string make_child(const std::string& parent) {
  remove_stale(parent);
  const std::string folder = fmt::format("{}/{}{}", parent, kName, getpid());
  return mkdir(folder.c_str(), 0755) == 0 ? folder : "";
}

}  // namespace

MemoryCgroup::MemoryCgroup() {
  const std::string mounts = read_file("/proc/self/mounts");
  const std::string memberships = read_file("/proc/self/cgroup");
  if (!make_v1(mounts, memberships) && !make_v2(mounts, memberships)) remove();
}

bool MemoryCgroup::make_v1(const std::string& mounts, const std::string& memberships) {
  const std::string root = mount_point(mounts, "cgroup", "memory");
  if (root.empty()) return false;
  std::string parent = root + own_place(memberships, "memory");
  // Where a container sees its own part of the hierarchy, the path does not lead there.
  if (access((parent + "/memory.limit_in_bytes").c_str(), F_OK) != 0) parent = root;
  folder_ = make_child(parent);
  if (folder_.empty()) return false;
  processes_ = open_in(folder_, "cgroup.procs", O_WRONLY);
  limit_ = open_in(folder_, "memory.limit_in_bytes", O_WRONLY);
  swap_limit_ = open_in(folder_, "memory.memsw.limit_in_bytes", O_WRONLY);
  usage_ = open_in(folder_, "memory.usage_in_bytes", O_RDONLY);
  peak_ = open_in(folder_, "memory.max_usage_in_bytes", O_RDWR);
  events_ = open_in(folder_, "memory.oom_control", O_RDONLY);
  if (!processes_ || !limit_ || !usage_ || !events_ ||
      read_start(events_.get()).find("oom_kill ") == std::string::npos) {
    return false;
  }
  version_ = 1;
  return true;
}

// A group that has processes cannot hand controllers to children. So the nearest of our own group,
// its parent and its parent's parent is used which hands on `memory` already: all limits above
// it still hold.
bool MemoryCgroup::make_v2(const std::string& mounts, const std::string& memberships) {
  const std::string root = mount_point(mounts, "cgroup2", "");
  std::string place = own_place(memberships, "");
  if (root.empty() || place.empty()) return false;
  for (int level = 0; level < 3; ++level) {
    const std::string parent = place == "/" ? root : root + place;
    if (has_word(read_file(parent + "/cgroup.subtree_control"), "memory", ' ')) {
      folder_ = make_child(parent);
      if (!folder_.empty()) break;
    }
    if (place == "/") return false;
    const size_t slash = place.rfind('/');
    place = slash == 0 ? "/" : place.substr(0, slash);
  }
  if (folder_.empty()) return false;
  processes_ = open_in(folder_, "cgroup.procs", O_WRONLY);
  limit_ = open_in(folder_, "memory.max", O_WRONLY);
  swap_limit_ = open_in(folder_, "memory.swap.max", O_WRONLY);
  usage_ = open_in(folder_, "memory.current", O_RDONLY);
  events_ = open_in(folder_, "memory.events", O_RDONLY);
  if (!processes_ || !limit_ || !usage_ || !events_) return false;
  put(swap_limit_, "0");
  version_ = 2;
  return true;
}

bool MemoryCgroup::add(pid_t process) { return put(processes_, std::to_string(process)); }

bool MemoryCgroup::start(int64_t bytes) {
  constexpr int64_t kInterpreter = int64_t{24} << 20;  // the warm interpreter, which is in here too
  const int64_t limit = bytes + kInterpreter;
  if (limit != limit_now_) {
    const std::string text = std::to_string(limit);
    if (version_ == 1 && swap_limit_) put(swap_limit_, "-1");  // never below the other
    if (!put(limit_, text)) return false;
    if (version_ == 1 && swap_limit_) put(swap_limit_, text);
    limit_now_ = limit;
  }
  usage_before_ = to_number(read_start(usage_.get()));
  if (version_ == 1) put(peak_, "0");
  kills_before_ = kills();
  return true;
}

int64_t MemoryCgroup::kills() const {
  const std::string text = read_start(events_.get());
  const size_t place = text.find("oom_kill ");
  return place == std::string::npos ? 0 : to_number(text.substr(place + 9));
}

bool MemoryCgroup::out_of_memory() const { return kills() > kills_before_; }

int64_t MemoryCgroup::peak() const {
  if (version_ != 1) return 0;
  return std::max<int64_t>(0, to_number(read_start(peak_.get())) - usage_before_);
}

void MemoryCgroup::remove() {
  if (folder_.empty()) return;
  // The last process may not be gone yet.
  for (int attempt = 0; attempt < 200 && rmdir(folder_.c_str()) != 0 && errno == EBUSY; ++attempt) {
    usleep(10000);
  }
  folder_.clear();
  version_ = 0;
}

}  // namespace cohort::judge
