// cohort run CONFIG.yaml [key=value ...]: the pipeline of a YAML file, from where its run folder
// stands.
#include <CLI/CLI.hpp>
#include <iostream>

#include "launch/code_sandbox.h"
#include "launch/commands/commands.h"
#include "trainer/pipeline.h"
#include "trainer/run_config.h"

namespace cohort {
namespace {

struct RunOptions {
  std::string config;
  std::vector<std::string> overrides;
  bool print_config = false;
  PipelineOptions pipeline;
};

int run(const RunOptions& options, Communicator& comm) {
  const RunConfig config = read_run_config(options.config, options.overrides);
  if (options.print_config) {
    if (comm.rank() == 0) std::cout << print_run_config(config, /*with_docs=*/true);
    return 0;
  }
  if (code_workers(config) > 0) require_code_sandbox();
  return run_pipeline(config, comm, options.pipeline);
}

// What must be known or started before the ranks are connected. The action reads the configuration
// again and reports its faults once for all of them; here they do not count.
void prepare(const RunOptions& options, CommandContext& context) {
  try {
    const RunConfig config = read_run_config(options.config, options.overrides);
    context.comm_config.timeout_s = config.run.comm_timeout_s;
    const int64_t workers = options.print_config ? 0 : code_workers(config);
    if (workers > 0) start_code_sandbox(workers);
  } catch (const std::exception&) {
    return;
  }
}

}  // namespace

void add_run_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Run the stages of a YAML file");
  command->add_option("config", options->config, "CONFIG.yaml")->required();
  command->add_option("overrides", options->overrides,
                      "key=value ..., for example pipeline.rl.rollout.n=16");
  command->add_flag("--print-config", options->print_config,
                    "Print the resolved configuration with every default and its comment");
  command->add_flag("--dry-run", options->pipeline.dry_run,
                    "Check everything that can be checked before the first step, and stop");
  command->callback([&context, options] {
    prepare(*options, context);
    context.action = [options](Communicator& comm) { return run(*options, comm); };
  });
}

}  // namespace cohort
