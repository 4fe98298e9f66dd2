// Finds out how this process was launched.
#include <cstdlib>

#include "core/base/error.h"
#include "core/comm/communicator.h"
#include "core/comm/mpi_communicator.h"

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

double timeout_of(const CommConfig& config) {
  const char* text = std::getenv("COHORT_COMM_TIMEOUT_S");
  if (!text) return config.timeout_s;
  char* end = nullptr;
  const double timeout_s = std::strtod(text, &end);
  if (end == text || *end != '\0' || !(timeout_s > 0))
    throw_error<ConfigError>("COHORT_COMM_TIMEOUT_S: expected seconds above 0, found '{}'", text);
  return timeout_s;
}

}  // namespace

std::unique_ptr<Communicator> make_communicator(const CommConfig& config) {
  const double timeout_s = timeout_of(config);
  if (const int ranks = launched_ranks(); ranks > 1) return make_mpi_communicator(ranks, timeout_s);
  return make_null_communicator();
}

}  // namespace cohort
