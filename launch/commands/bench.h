// The benchmarks of `cohort bench`, a file each. Each prints one JSON line of the baseline script's
// form.
#pragma once

#include "launch/commands/commands.h"

namespace cohort {

void add_bench_decode(CLI::App& bench, CommandContext& context);
void add_bench_gemm(CLI::App& bench, CommandContext& context);
void add_bench_grade(CLI::App& bench, CommandContext& context);
void add_bench_grpo(CLI::App& bench, CommandContext& context);
void add_bench_judge(CLI::App& bench, CommandContext& context);
void add_bench_tokenize(CLI::App& bench, CommandContext& context);

}  // namespace cohort
