// The ranks that mpirun started for this test binary.
#pragma once

#include "core/comm/communicator.h"

namespace cohort {

Communicator& world();

}  // namespace cohort
