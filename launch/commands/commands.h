// One file a subcommand. Each adds its options to the application and, when chosen, leaves its
// action in the context; main runs it once the other ranks are known. Results go to stdout, the log
// to stderr.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/comm/communicator.h"

namespace CLI {
class App;
}

namespace cohort {

struct CommandContext {
  CommConfig comm_config;
  std::unique_ptr<Communicator> comm;
  std::function<int(Communicator&)> action;  // returns the exit code
};

// For option->check(...): empty when `text` is a whole number, or a number, of at least `low`; else
// what is wrong with it.
std::string at_least_one(const std::string& text);
std::string not_negative(const std::string& text);

void add_run_command(CLI::App& app, CommandContext& context);
void add_eval_command(CLI::App& app, CommandContext& context);
void add_generate_command(CLI::App& app, CommandContext& context);
void add_chat_command(CLI::App& app, CommandContext& context);
void add_export_command(CLI::App& app, CommandContext& context);
void add_grade_command(CLI::App& app, CommandContext& context);
void add_inspect_command(CLI::App& app, CommandContext& context);
void add_doctor_command(CLI::App& app, CommandContext& context);
void add_data_command(CLI::App& app, CommandContext& context);
void add_tokenize_command(CLI::App& app, CommandContext& context);
void add_logits_command(CLI::App& app, CommandContext& context);
void add_digest_command(CLI::App& app, CommandContext& context);
void add_bench_command(CLI::App& app, CommandContext& context);

}  // namespace cohort
