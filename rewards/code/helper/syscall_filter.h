#pragma once

#include <string>

namespace cohort::judge {

// The system calls that a program may make, as a BPF program (an array of sock_filter): everything
// but a list of refusals (EPERM). A call by the numbers of another architecture kills. Throws
// IoError.
std::string syscall_filter();

}  // namespace cohort::judge
