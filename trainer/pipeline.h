// The stages of a run in order, from where the run folder stands.
#pragma once

#include "core/comm/communicator.h"
#include "trainer/run_config.h"

namespace cohort {

struct PipelineOptions {
  // Checks everything that can be checked before the first step (data, tokenizer, gold answers,
  // shapes), trains nothing and writes nothing.
  bool dry_run = false;
};

// All ranks call it. A finished stage is skipped, an unfinished one resumes from its newest
// checkpoint. Returns 0, or 130 when a signal or run.time_limit ended it with a checkpoint.
int run_pipeline(const RunConfig& config, Communicator& comm, const PipelineOptions& options);

}  // namespace cohort
