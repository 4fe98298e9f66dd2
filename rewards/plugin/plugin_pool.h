// Processes of one plugin, each asked by one thread at a time, started when they are needed and
// again after a failure.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "rewards/plugin/child_process.h"
#include "rewards/reason.h"

namespace cohort {

struct PluginProcess {
  std::string name;  // for log lines
  std::vector<std::string> argv;
  double timeout = 10;        // seconds for a reply
  double start_timeout = 60;  // more for the first one of a process, see PluginPool
  int64_t processes = 4;      // at most
};

// What a process may take more for its first reply is halved whenever one did not give it in time,
// and whole again when one did: a plugin that always hangs does not cost it for every group.
class PluginPool {
 public:
  // Takes a reply, or says what is wrong with it.
  using Accept = std::function<std::string(std::string_view)>;

  explicit PluginPool(PluginProcess process)
      : process_(std::move(process)), start_timeout_(process_.start_timeout) {}

  // Reason::ok when `accept` took the reply; else why there is none, logged. Waits for a process to
  // be free; never throws on what the plugin does. Thread-safe.
  Reason ask(std::string_view request, const Accept& accept);

 private:
  using Child = std::unique_ptr<ChildProcess>;
  Child take();
  void give_back(Child child);
  Reason ask_child(Child& child, std::string_view request, const Accept& accept);
  Child start();
  void log_failure(Reason reason, const std::string& what);

  PluginProcess process_;
  std::mutex mutex_;
  std::condition_variable is_free_;
  std::vector<Child> idle_;
  int64_t taken_ = 0;
  std::atomic<int64_t> num_failures_ = 0;
  std::atomic<double> start_timeout_;
};

}  // namespace cohort
