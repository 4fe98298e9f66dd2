// The sft stage, and distill: the same training of a student on what a reject stage kept.
#pragma once

#include "trainer/stages/stage_context.h"

namespace cohort {

StageEnd run_sft(StageContext& context, const SftConfig& config);

int64_t num_steps(const SftConfig& config, const Dataset& data);
// Tokens of every row's response with the end of sequence. Throws InputError naming the row that
// has none or is longer than the model.
std::vector<std::vector<int32_t>> encode_responses(const DataConfig& config, const Dataset& data,
                                                   const Tokenizer& tokenizer,
                                                   int64_t max_positions);

}  // namespace cohort
