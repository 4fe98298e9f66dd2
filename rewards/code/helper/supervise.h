// One process tree in the sandbox, from its start to its end: its output drained, its limits kept,
// and nothing of it left.
#pragma once

#include <string>

#include "rewards/code/helper/keeper.h"
#include "rewards/code/helper/memory_cgroup.h"
#include "rewards/code/helper/order.h"
#include "rewards/code/sandbox.h"

namespace cohort::judge {

struct Outcome {
  Execution execution;
  std::string collected;
  bool keeper_lost = false;
};

// Throws IoError, also when the other side of the socket `trainer` is gone: the keeper has then to
// end, and the run with it.
Outcome supervise(const Order& order, Keeper& keeper, MemoryCgroup& group, int trainer);

}  // namespace cohort::judge
