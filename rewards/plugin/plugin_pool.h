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
  double start_timeout = 60;  // more for the first one of a process
  int64_t processes = 4;      // at most
};

class PluginPool {
 public:
  explicit PluginPool(PluginProcess process) : process_(std::move(process)) {}

  // Reason::ok when `accept` took the reply; else why there is none, logged. Waits for a process to
  // be free; never throws on what the plugin does. Thread-safe.
  Reason ask(std::string_view request, const std::function<bool(std::string_view)>& accept);

 private:
  using Child = std::unique_ptr<ChildProcess>;
  Child take();
  void give_back(Child child);
  Reason ask_child(Child& child, std::string_view request,
                   const std::function<bool(std::string_view)>& accept);
  Child start();
  void log_failure(Reason reason, const std::string& what);

  PluginProcess process_;
  std::mutex mutex_;
  std::condition_variable is_free_;
  std::vector<Child> idle_;
  int64_t taken_ = 0;
  std::atomic<int64_t> num_failures_ = 0;
};

}  // namespace cohort
