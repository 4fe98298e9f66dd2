// Inside core/comm only.
#pragma once

#include "core/comm/communicator.h"

namespace cohort {

// Initialises MPI. Throws CommError when MPI does not see `launched_ranks` ranks.
std::unique_ptr<Communicator> make_mpi_communicator(int launched_ranks, double timeout_s);

}  // namespace cohort
