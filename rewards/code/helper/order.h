// One program to run, as the judge's side says it to the processes inside.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "rewards/code/sandbox.h"

namespace cohort::judge {

struct Order {
  enum class Kind : uint8_t { script, call, command };
  Kind kind = Kind::script;
  std::string source, entry_point;     // script, call
  std::string call_arguments;          // call: marshalled()
  std::vector<std::string> arguments;  // command: with the program's name
  int program = -1;                    // command: the descriptor to run; -1: the path arguments[0]
  std::string collect;                 // command: a file of the work folder to hand back
  int64_t collect_bytes = 0;           // at most
  std::vector<std::pair<std::string, std::string>> files;
  std::string input;
  Limits limits;
};

struct ResourceLimit {
  int resource;
  uint64_t soft, hard;
};

// What the init process of the run needs (run_init.cc).
struct Setup {
  std::vector<ResourceLimit> limits;
  int64_t file_bytes = 0;
  std::string collect;
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> files;
};
std::string encode_setup(const Order& order);
Setup decode_setup(const std::string& bytes);

// What the interpreter's child needs, for runner.py's run_program(): marshalled().
std::string encode_program(const Order& order, const std::string& nonce);

}  // namespace cohort::judge
