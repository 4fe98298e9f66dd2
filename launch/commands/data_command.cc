// cohort data make TASK --n N --seed S OUT.jsonl: the rows of a built-in task, to look at or to
// train on elsewhere.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "launch/commands/commands.h"
#include "rollout/data/dataset.h"

namespace cohort {
namespace {

struct MakeOptions {
  DataConfig data;
  std::string out;
};

int make(const MakeOptions& options) {
  const std::vector<double>& mix = options.data.style_mix;
  if (!mix.empty() && std::accumulate(mix.begin(), mix.end(), 0.0) <= 0)
    throw_error<ConfigError>("--style-mix: expected a weight above 0");
  const std::vector<Row> rows = make_task_rows(options.data);
  std::string text;
  for (const Row& row : rows) {
    const nlohmann::json line = {
        {"prompt", row.prompt}, {"response", row.response}, {"answer", row.answer}};
    text += line.dump() + "\n";
  }
  write_file_atomic(options.out, text);
  log_info("{}: {} rows of {}, split {}, seed {}", options.out, rows.size(), options.data.task,
           options.data.split, options.data.seed);
  return 0;
}

}  // namespace

void add_data_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<MakeOptions>();
  CLI::App* data = app.add_subcommand("data", "Data sets of the built-in tasks");
  data->require_subcommand(1);
  CLI::App* command = data->add_subcommand("make", "Write a task's rows as JSONL");
  command->add_option("task", options->data.task, "arithmetic or calculator_shapes")->required();
  command
      ->add_option("--n", options->data.num_rows,
                   "Number of rows; 20000 in train and 500 in dev and test when absent")
      ->check(at_least_one);
  command->add_option("--seed", options->data.seed, "Seed of the rows")->check(not_negative);
  command->add_option("--split", options->data.split, "train, dev or test")
      ->check(CLI::IsMember({"train", "dev", "test"}));
  command
      ->add_option("--style-mix", options->data.style_mix,
                   "Weights of direct, brief and full working in the responses")
      ->expected(3)
      ->check(not_negative);
  command->add_option("--digits", options->data.digits, "Of arithmetic's operands")
      ->check(CLI::Range(1, 6));
  command->add_option("--exclude", options->data.exclude_files,
                      "GSM8K files whose annotations and their twins are left out");
  command->add_option("out", options->out, "OUT.jsonl")->required();
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return make(*options); };
  });
}

}  // namespace cohort
