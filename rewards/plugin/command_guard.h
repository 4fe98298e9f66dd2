// What stands between Cohort and a command plugin, so that the command does not outlive a run that
// was killed.
#pragma once

namespace cohort {

// Runs the program argv[0] in this process group, with this process's three descriptors, and ends
// as it ends: with its exit code or by its signal; 127 when it cannot be started. Kills the group,
// itself with it, a second after the other end of stdin is closed, which the kernel does when the
// asker is killed. Does not return.
[[noreturn]] void guard_command(char** argv);

}  // namespace cohort
