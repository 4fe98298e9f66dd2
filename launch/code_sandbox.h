// The sandbox that code rewards run programs in, for the commands that may need it.
#pragma once

#include <cstdint>
#include <vector>

#include "rewards/reward.h"
#include "trainer/run_config.h"

namespace cohort {

// How many programs the stages of `config` may judge at once in one process; 0: none has a code
// reward.
int64_t code_workers(const RunConfig& config);

// Starts the helpers: to be called before MPI, CUDA and threads, of which a forked helper would
// keep a part. What fails is said by require_code_sandbox().
void start_code_sandbox(int64_t workers) noexcept;

// Throws InputError when programs cannot be run isolated here: nothing is ever run bare.
void require_code_sandbox();

}  // namespace cohort
