#pragma once

#include <string>

namespace cohort::judge {

// BPF programs (arrays of sock_filter). A call by the numbers of another architecture kills, in all
// of them. Throw IoError.

// What a judged program may call: everything but a list of refusals (EPERM).
std::string program_filter();
// The same in two parts, because the kernel takes a tenth of a millisecond to install it: the warm
// interpreter has the first for good, and a program, its child, only adds the second.
struct SplitFilter {
  std::string interpreter, program;
};
SplitFilter split_program_filter();
// Of an init process that has nothing to do but wait: everything is refused but that.
std::string waiting_filter();

}  // namespace cohort::judge
