// cohort export MODEL OUT --format hf|gguf --type TYPE: a model as other programs read it.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "core/base/error.h"
#include "core/base/log.h"
#include "launch/commands/commands.h"
#include "trainer/model_export.h"

namespace cohort {
namespace {

struct ExportOptions {
  std::string model, out, format, type = "f32";
};

int export_model(ExportOptions options) {
  const bool file = options.out.ends_with(".gguf");
  if (options.format.empty()) options.format = file ? "gguf" : "hf";
  const std::vector<std::string> types = export_types(options.format);
  if (std::ranges::find(types, options.type) == types.end())
    throw_error<ConfigError>("--type {}: expected {} with --format {}", options.type,
                             fmt::join(types, ", "), options.format);
  if (file && options.format != "gguf")
    throw_error<ConfigError>("{}: a Hugging Face model is a folder, not a .gguf", options.out);
  const LoadedModel model = load_model(options.model, "fp32");
  if (file) {
    export_gguf_file(model, options.out, options.type);
  } else {
    export_folder(model, options.out, options.format, options.type);
  }
  log_info("{}: {} of {}, {}", options.out,
           options.format == "gguf" ? "GGUF" : "Hugging Face folder", model.origin, options.type);
  return 0;
}

}  // namespace

void add_export_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = app.add_subcommand("export", "Write a model for other programs");
  command
      ->add_option("model", options->model,
                   "Hugging Face folder, GGUF file, checkpoint, stage or run")
      ->required();
  command->add_option("out", options->out, "Folder to make, or FILE.gguf")->required();
  command->add_option("--format", options->format, "hf or gguf; without it the name of OUT says")
      ->check(CLI::IsMember({"hf", "gguf"}));
  command->add_option(
      "--type", options->type,
      fmt::format("hf: f32, bf16; gguf: {}", fmt::join(export_types("gguf"), ", ")));
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return export_model(*options); };
  });
}

}  // namespace cohort
