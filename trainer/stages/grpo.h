// The grpo stage: rollout, rewards, advantages, update.
#pragma once

#include "trainer/stages/stage_context.h"

namespace cohort {

StageEnd run_grpo(StageContext& context, const GrpoConfig& config);

// `data` with every gold answer accepted by its own reward. With on_bad_gold stop, throws
// InputError that lists the others by file and line; with drop, returns their rows.
std::vector<int64_t> check_gold(const GrpoConfig& config, const Dataset& data,
                                const std::shared_ptr<const Tokenizer>& tokenizer);

}  // namespace cohort
