// The one executable. Reads the command line, finds the other ranks, runs one command, and is the
// only place that catches: an error becomes one line on stderr and an exit code, and in a
// multi-rank run it ends every rank.
//
// Exit codes: 0 done, 1 failed, 2 wrong use or configuration, 130 interrupted with a checkpoint.
#include <ATen/Parallel.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <exception>
#include <thread>

#include "core/base/error.h"
#include "core/base/log.h"
#include "launch/commands/commands.h"

namespace cohort {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUse = 2;

// One message a job: an error that all ranks meet (a wrong key) is said by rank 0, whose abort ends
// the others while they wait here; an error of one rank alone is said by that rank.
void report(const Communicator& comm, const std::exception& e) {
  if (comm.rank() != 0) std::this_thread::sleep_for(std::chrono::seconds(1));
  const std::string text = e.what();
  log_error("{}", text.substr(0, text.find('\n')));  // LibTorch appends a backtrace
}

int run_action(const CommandContext& context) {
  try {
    return context.action(*context.comm);
  } catch (const ConfigError& e) {
    report(*context.comm, e);
    return kWrongUse;
  } catch (const std::exception& e) {
    report(*context.comm, e);
    return kFailed;
  }
}

bool is_command(CLI::App& app, const std::string& name) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    if (command->get_name() == name) return true;
  return false;
}

int run(int argc, char** argv) {
  // Threads are ours (core/base/threads.h): LibTorch's, which look for work for long, would take
  // the processors from them.
  at::set_num_threads(1);
  CLI::App app{"Cohort: the DeepSeek-R1 training recipe, from YAML.", "cohort"};
  app.require_subcommand(1);
  app.set_version_flag("--version", COHORT_VERSION);
  CommandContext context;
  add_run_command(app, context);
  add_eval_command(app, context);
  add_generate_command(app, context);
  add_chat_command(app, context);
  add_export_command(app, context);
  add_grade_command(app, context);
  add_inspect_command(app, context);
  add_doctor_command(app, context);
  add_data_command(app, context);
  add_tokenize_command(app, context);
  add_logits_command(app, context);
  add_digest_command(app, context);
  add_bench_command(app, context);
  if (argc > 1 && argv[1][0] != '-' && !is_command(app, argv[1])) {
    log_error("unknown command {}: cohort --help lists them", argv[1]);
    return kWrongUse;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kWrongUse;
  }

  try {
    context.comm = make_communicator(context.comm_config);
  } catch (const std::exception& e) {
    log_error("{}", e.what());
    return kFailed;
  }
  log_configure(context.comm->rank(), LogLevel::info);
  const int code = run_action(context);
  const bool failed = code == kFailed || code == kWrongUse;
  if (failed && context.comm->size() > 1) context.comm->abort(code);
  return code;
}

}  // namespace
}  // namespace cohort

int main(int argc, char** argv) { return cohort::run(argc, argv); }
