// Finds out how this process was launched.
#include <cstdlib>

#include "core/base/error.h"
#include "core/comm/communicator.h"

namespace cohort {
namespace {

int environment_int(const char* name) {
  const char* text = std::getenv(name);
  return text ? std::atoi(text) : 0;
}

// The number of ranks that mpirun or srun started; 1 for a process on its own. A batch script
// inside a Slurm allocation sees SLURM_NTASKS but is no rank: only srun's tasks have a PMI variable
// as well.
int launched_ranks() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
    if (const int ranks = environment_int(name); ranks > 1) return ranks;
  if (std::getenv("PMIX_RANK") || std::getenv("PMI_RANK") || std::getenv("PMI_FD"))
    if (const int ranks = environment_int("SLURM_STEP_NUM_TASKS"); ranks > 1) return ranks;
  return 1;
}

}  // namespace

std::unique_ptr<Communicator> make_communicator(const CommConfig&) {
  if (const int ranks = launched_ranks(); ranks > 1)
    throw_error<CommError>("started as one of {} ranks, but this build has no MPI", ranks);
  return make_null_communicator();
}

}  // namespace cohort
