// cohort bench WHAT: the measured work behind the figures in docs/performance.md.
#include <CLI/CLI.hpp>

#include "launch/commands/bench.h"
#include "launch/commands/commands.h"

namespace cohort {

void add_bench_command(CLI::App& app, CommandContext& context) {
  CLI::App* bench = app.add_subcommand("bench", "Timed work, one JSON line each");
  bench->require_subcommand(1);
  add_bench_decode(*bench, context);
  add_bench_gemm(*bench, context);
  add_bench_grade(*bench, context);
  add_bench_grpo(*bench, context);
  add_bench_judge(*bench, context);
  add_bench_tokenize(*bench, context);
}

}  // namespace cohort
