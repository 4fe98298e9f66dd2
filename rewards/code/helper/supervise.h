// One process tree in the sandbox, from its start to its end: its output drained, its limits kept,
// and nothing of it left.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "rewards/code/helper/interpreter.h"
#include "rewards/code/helper/memory_cgroup.h"
#include "rewards/code/sandbox.h"

namespace cohort::judge {

struct Order {
  enum class Kind : uint8_t { script, call, command };
  Kind kind = Kind::script;
  std::string source, entry_point, call_arguments;  // script, call
  std::vector<std::string> arguments;               // command: with the program's name
  int program = -1;                                 // command: runs this descriptor
  std::string collect;                              // command: a file of the work folder
  int64_t collect_bytes = 0;                        // at most
  std::vector<std::pair<std::string, std::string>> files;
  std::string input;
  Limits limits;
};

struct Outcome {
  Execution execution;
  std::string collected;
  bool interpreter_lost = false;
};

// `trainer`: the run is ended when the other side of this socket is gone. Throws IoError.
Outcome supervise(const Order& order, Interpreter& interpreter, MemoryCgroup& group, int trainer);

}  // namespace cohort::judge
