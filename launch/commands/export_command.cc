// cohort export MODEL OUT --format hf [--type f32|bf16]: a model as other programs read it.
#include <CLI/CLI.hpp>

#include "core/base/log.h"
#include "launch/commands/commands.h"
#include "trainer/model_source.h"

namespace cohort {
namespace {

struct ExportOptions {
  std::string model, out, format = "hf", type = "f32";
};

int export_model(const ExportOptions& options) {
  const LoadedModel model = load_model(options.model, "fp32");
  export_hf(model, options.out, options.type);
  log_info("{}: Hugging Face folder of {}, {}", options.out, model.origin, options.type);
  return 0;
}

}  // namespace

void add_export_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = app.add_subcommand("export", "Write a model for other programs");
  command->add_option("model", options->model, "Hugging Face folder, checkpoint, stage or run")
      ->required();
  command->add_option("out", options->out, "Folder to make")->required();
  command->add_option("--format", options->format, "hf")->check(CLI::IsMember({"hf"}));
  command->add_option("--type", options->type, "f32 or bf16")
      ->check(CLI::IsMember({"f32", "bf16"}));
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return export_model(*options); };
  });
}

}  // namespace cohort
