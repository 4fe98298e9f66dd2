#pragma once

#include <memory>
#include <optional>
#include <string>

#include "rewards/code/helper/keeper.h"
#include "rewards/code/helper/memory_cgroup.h"
#include "rewards/code/helper/supervise.h"
#include "rewards/code/sandbox.h"

namespace cohort::judge {

// Runs jobs one by one in a helper's namespaces, which are made anew when they are lost.
class JobRunner {
 public:
  // `trainer`: a socket; runs end when its other side is gone. Throws IoError where the machine
  // refuses.
  JobRunner(MemoryCgroup& group, int trainer);
  ~JobRunner();
  bool has_proc() const;
  Execution run(const Job& job);
  void forget_program() { compiled_.reset(); }  // what was compiled for the jobs so far

 private:
  struct Compiled {
    std::string source;
    std::string program;  // empty: `failure` says why
    Execution failure;
  };
  Outcome run(const Order& order);
  const Compiled& compile(const std::string& source);

  MemoryCgroup& group_;
  int trainer_;
  std::unique_ptr<Keeper> keeper_;
  std::optional<Compiled> compiled_;  // the last one
};

}  // namespace cohort::judge
