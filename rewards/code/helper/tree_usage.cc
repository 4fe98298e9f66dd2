#include "rewards/code/helper/tree_usage.h"

#include <dirent.h>
#include <unistd.h>

#include <charconv>
#include <sstream>
#include <string>
#include <vector>

#include "rewards/code/helper/system.h"

namespace cohort::judge {
namespace {

int64_t number_after(const std::string& text, const std::string& label) {
  const size_t place = text.find(label);
  if (place == std::string::npos) return -1;
  size_t start = place + label.size();
  while (start < text.size() && (text[start] == ' ' || text[start] == '\t')) ++start;
  int64_t value = -1;
  std::from_chars(text.data() + start, text.data() + text.size(), value);
  return value;
}

double cpu_seconds(const std::string& folder) {
  // Behind the name in brackets: state, ppid, ... utime, stime, cutime, cstime are the 12th to
  // 15th.
  const std::string text = read_file(folder + "/stat");
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double sum = 0, ticks = 0;
  for (int i = 0; i < 4 && fields >> ticks; ++i) sum += ticks;
  return sum / static_cast<double>(sysconf(_SC_CLK_TCK));
}

int64_t resident_bytes(const std::string& folder) {
  const std::string text = read_file(folder + "/statm");
  const size_t space = text.find(' ');
  int64_t pages = 0;
  if (space != std::string::npos) {
    std::from_chars(text.data() + space + 1, text.data() + text.size(), pages);
  }
  return pages * sysconf(_SC_PAGESIZE);
}

int64_t shared_out_bytes(const std::string& folder) {
  const int64_t kilobytes = number_after(read_file(folder + "/smaps_rollup"), "\nPss:");
  return kilobytes < 0 ? resident_bytes(folder) : kilobytes << 10;
}

}  // namespace

// A child belongs to the thread that forked it.
std::vector<pid_t> children_of(pid_t process) {
  std::vector<pid_t> processes;
  const std::string tasks = fmt::format("/proc/{}/task", process);
  DIR* directory = opendir(tasks.c_str());
  if (directory == nullptr) return processes;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    std::istringstream children(read_file(tasks + "/" + entry->d_name + "/children"));
    for (pid_t child = 0; children >> child;) processes.push_back(child);
  }
  closedir(directory);
  return processes;
}

TreeUsage tree_usage(std::vector<pid_t> processes, int64_t exact_above) {
  TreeUsage usage;
  for (size_t i = 0; i < processes.size(); ++i) {
    const std::string folder = fmt::format("/proc/{}", processes[i]);
    const std::vector<pid_t> children = children_of(processes[i]);
    processes.insert(processes.end(), children.begin(), children.end());
    usage.cpu_seconds += cpu_seconds(folder);
    usage.memory_bytes += resident_bytes(folder);
  }
  if (usage.memory_bytes > exact_above) {
    usage.memory_bytes = 0;
    for (const pid_t process : processes) {
      usage.memory_bytes += shared_out_bytes(fmt::format("/proc/{}", process));
    }
  }
  return usage;
}

bool tree_usage_works() {
  return access(fmt::format("/proc/self/task/{}/children", getpid()).c_str(), R_OK) == 0;
}

pid_t process_of(int pidfd) {
  return static_cast<pid_t>(
      number_after(read_file(fmt::format("/proc/self/fdinfo/{}", pidfd)), "\nPid:"));
}

}  // namespace cohort::judge
