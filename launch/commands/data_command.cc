// cohort data make TASK --n N --seed S OUT.jsonl: the rows of a built-in task, to look at or to
// train on elsewhere.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

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
  if (options.data.task != "arithmetic")
    throw_error<ConfigError>("unknown task {}: known is arithmetic", options.data.task);
  const std::vector<Row> rows = make_arithmetic(options.data);
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
  command->add_option("task", options->data.task, "arithmetic")->required();
  command->add_option("--n", options->data.num_rows, "Number of rows");
  command->add_option("--seed", options->data.seed, "Seed of the rows");
  command->add_option("--split", options->data.split, "train, dev or test");
  command
      ->add_option("--style-mix", options->data.style_mix,
                   "Weights of direct, brief and full working in the responses")
      ->expected(3);
  command->add_option("out", options->out, "OUT.jsonl")->required();
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return make(*options); };
  });
}

}  // namespace cohort
