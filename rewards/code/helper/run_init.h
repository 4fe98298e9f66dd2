#pragma once

#include <string>
#include <vector>

#include "rewards/code/helper/system.h"

namespace cohort::judge {

struct RunFiles {
  Descriptor setup, input, output, error, returns, report;
  Descriptor program;  // a command to run, or a program's text for the interpreter; may be missing
  Descriptor meeting;  // a socket shared with the interpreter's child
};

// The init process of a run: process 1 of fresh pid, mount and ipc namespaces, with the right to
// mount until all is in place. It runs the command (or, for Python, leaves that to the
// interpreter's child), takes in orphans, and reports "run", then "end STATUS ..." or "fail WHY".
// `filter`: of a command and its init process, or of one that only waits.
[[noreturn]] void run_init(RunFiles files, bool has_proc, bool is_command,
                           const std::string& filter);

}  // namespace cohort::judge
