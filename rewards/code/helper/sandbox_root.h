#pragma once

#include <string>

namespace cohort::judge {

// In fresh user and mount namespaces: replaces the root by a read-only tmpfs with /usr, a few
// devices, /proc where the kernel lets us mount it, and /box, the empty place of a run's own
// tmpfs, to which /tmp and /dev/shm lead. Throws IoError. Returns whether there is a /proc.
bool enter_sandbox_root();

// Keeps the namespace's CAP_SYS_ADMIN and CAP_SYS_CHROOT, which entering a mount namespace takes,
// and keeps them over an exec; gives up all others for good.
void keep_namespace_capabilities();
void drop_capabilities();  // all

}  // namespace cohort::judge
