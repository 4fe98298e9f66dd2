#include "tests/rewards/code/sandbox_fixture.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>
#include <vector>

namespace cohort::judge {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// This process and all below it: whatever a program starts, its parent's parent is the pool.
std::vector<int> own_tree() {
  std::multimap<int, int> children;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string stat = first_line(entry.path() / "stat");
    const size_t end = stat.rfind(')');
    if (end == std::string::npos) continue;
    children.emplace(std::atoi(stat.c_str() + end + 4), std::stoi(name));
  }
  std::vector<int> tree = {getpid()};
  for (size_t i = 0; i < tree.size(); ++i) {
    const auto [first, last] = children.equal_range(tree[i]);
    for (auto child = first; child != last; ++child) tree.push_back(child->second);
  }
  return tree;
}

int count_entries(const fs::path& folder) {
  std::error_code error;
  int count = 0;
  for (auto entry = fs::directory_iterator(folder, error);
       !error && entry != fs::directory_iterator(); entry.increment(error)) {
    ++count;
  }
  return count;
}

int count_cgroups() {
  constexpr std::string_view kPrefix = "cohort-judge-";
  std::error_code error;
  int count = 0;
  const fs::path root = "/sys/fs/cgroup";
  for (auto entry = fs::recursive_directory_iterator(
           root, fs::directory_options::skip_permission_denied, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (!entry->is_directory(error)) continue;
    const std::string name = entry->path().filename();
    // Of a helper that is gone.
    if (name.starts_with(kPrefix)) {
      count += kill(std::atoi(name.c_str() + kPrefix.size()), 0) != 0 && errno == ESRCH;
    }
  }
  return count;
}

Inventory count_processes() {
  Inventory inventory;
  for (const int process : own_tree()) {
    ++inventory.processes;
    inventory.descriptors += count_entries(fmt::format("/proc/{}/fd", process));
  }
  return inventory;
}

// Files that the helper's user owns. An ordinary user's own are not told from others of his.
int count_files() {
  if (geteuid() != 0) return 0;
  std::error_code error;
  int count = 0;
  for (const auto& entry : fs::directory_iterator("/tmp", error)) {
    struct stat status;
    if (lstat(entry.path().c_str(), &status) == 0) {
      count += status.st_uid >= 70000 && status.st_uid < 99000;
    }
  }
  return count;
}

}  // namespace

std::string helper_path_for_tests() { return COHORT_BINARY_DIR "/launch/cohort-judge"; }

const Availability& sandbox_here() {
  static const Availability availability = sandbox_availability(helper_path_for_tests());
  return availability;
}

Sandbox& shared_sandbox() {
  static const std::unique_ptr<Sandbox> sandbox = start_sandbox(1, helper_path_for_tests());
  return *sandbox;
}

Execution run_python(const std::string& source, const std::string& input, const Limits& limits) {
  Job job;
  job.source = source;
  job.input = input;
  job.limits = limits;
  return shared_sandbox().run({job}).at(0);
}

Execution run_call(const std::string& source, const std::string& entry_point,
                   const std::string& arguments, const Limits& limits) {
  Job job;
  job.source = source;
  job.call = Call{entry_point, arguments};
  job.limits = limits;
  return shared_sandbox().run({job}).at(0);
}

Execution run_cpp(const std::string& source, const std::string& input, const Limits& limits) {
  Job job;
  job.language = Job::Language::cpp;
  job.source = source;
  job.input = input;
  job.limits = limits;
  return shared_sandbox().run({job}).at(0);
}

std::string describe(const Execution& e) {
  constexpr const char* kEnds[] = {"exited",       "signalled",     "time_limit", "memory_limit",
                                   "output_limit", "compile_error", "refused"};
  return fmt::format(
      "{} {} in {:.2f} s, CPU {:.2f} s, peak {} MB\nstdout: {:.2000}\nstderr: {:.2000}\nreturned: "
      "{:.500}",
      kEnds[static_cast<int>(e.end)], e.status, e.wall_seconds, e.cpu_seconds,
      e.peak_memory_bytes >> 20, e.output, e.error, e.returned.value_or("-"));
}

Limits short_limits() {
  Limits limits;
  limits.cpu_seconds = 1;
  limits.wall_seconds = 2;
  limits.memory_bytes = int64_t{256} << 20;
  return limits;
}

// The judge has its answer a moment before the last descriptor is closed.
Inventory take_quiet_inventory(const Inventory* expected) {
  Inventory last = count_processes();
  for (int i = 0, same = 0; i < 200 && same < 3; ++i) {
    if (expected != nullptr && last.processes == expected->processes &&
        last.descriptors == expected->descriptors) {
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const Inventory now = count_processes();
    same = now == last ? same + 1 : 0;
    last = now;
  }
  last.cgroups = count_cgroups();
  last.files = count_files();
  return last;
}

Limits tight_limits() {
  Limits limits = short_limits();
  limits.cpu_seconds = 0.3;
  limits.wall_seconds = 0.8;
  return limits;
}

std::vector<Execution> run_side_by_side(const std::vector<Job>& jobs) {
  constexpr int kWorkers = 2;
  const auto pool = start_sandbox(kWorkers, helper_path_for_tests());
  std::vector<Execution> executions(jobs.size());
  std::atomic<size_t> next = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kWorkers; ++t) {
    threads.emplace_back([&] {
      for (size_t i = next++; i < jobs.size(); i = next++)
        executions[i] = pool->run({jobs[i]}).at(0);
    });
  }
  threads.clear();
  return executions;
}

std::string describe(const Inventory& i) {
  return fmt::format("{} processes, {} descriptors, {} cgroups, {} files", i.processes,
                     i.descriptors, i.cgroups, i.files);
}

void SandboxTest::SetUp() {
  if (!sandbox_here().works) GTEST_SKIP() << "no sandbox here: " << sandbox_here().detail;
  ASSERT_EQ(run_python("print(1)").output, "1\n");
  before_ = take_quiet_inventory();
}

void SandboxTest::TearDown() {
  if (!sandbox_here().works) return;
  const Execution next = run_python("print(sum(map(int, input().split())))", "1 2 3");
  EXPECT_EQ(next.end, End::exited) << describe(next);
  EXPECT_EQ(next.output, "6\n") << describe(next);
  EXPECT_EQ(next.error, "");
  const Inventory after = take_quiet_inventory(&before_);
  EXPECT_EQ(describe(after), describe(before_));
}

}  // namespace cohort::judge
