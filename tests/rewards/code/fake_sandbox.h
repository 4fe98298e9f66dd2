// A sandbox that runs nothing: the test says what each job gives.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "rewards/code/sandbox.h"

namespace cohort::judge {

class FakeSandbox : public Sandbox {
 public:
  explicit FakeSandbox(std::function<Execution(const Job&)> give) : give_(std::move(give)) {}
  std::vector<Execution> run(const std::vector<Job>& jobs, const GoOn& go_on) override {
    std::vector<Execution> executions;
    for (const Job& job : jobs) {
      seen.push_back(job);
      executions.push_back(give_(job));
      if (go_on && !go_on(executions.back())) break;
    }
    return executions;
  }
  std::vector<Job> seen;

 private:
  std::function<Execution(const Job&)> give_;
};

inline Execution printed(const std::string& output, int status = 0) {
  Execution execution;
  execution.end = Execution::End::exited;
  execution.status = status;
  execution.output = output;
  return execution;
}

inline Execution returned(const std::string& literal) {
  Execution execution = printed("");
  execution.returned = literal;
  return execution;
}

inline Execution ended(Execution::End end) {
  Execution execution;
  execution.end = end;
  return execution;
}

}  // namespace cohort::judge
