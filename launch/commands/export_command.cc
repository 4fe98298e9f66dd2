// cohort export MODEL OUT --format hf|gguf --type TYPE [--verify]: a model as other programs read
// it, and whether what was written is that model.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "launch/commands/commands.h"
#include "model/tokenizer/utf8.h"
#include "trainer/export_verification.h"
#include "trainer/model_export.h"

namespace cohort {
namespace {

struct ExportOptions {
  std::string model, out, format, type = "f32", verify_text;
  bool verify = false, json = false;
};

std::string text_of(const std::string& file) {
  if (file.empty()) return "";
  const std::string text = read_file(file);
  if (text.empty()) throw_error<InputError>("{}: is empty", file);
  if (const size_t at = first_invalid_utf8(text); at != std::string::npos)
    throw_error<InputError>("{}: is not UTF-8 at byte {}", file, at);
  return text;
}

int export_model(ExportOptions options) {
  const bool file = options.out.ends_with(".gguf");
  if (options.format.empty()) options.format = file ? "gguf" : "hf";
  const std::vector<std::string> types = export_types(options.format);
  if (std::ranges::find(types, options.type) == types.end())
    throw_error<ConfigError>("--type {}: expected {} with --format {}", options.type,
                             fmt::join(types, ", "), options.format);
  if (file && options.format != "gguf")
    throw_error<ConfigError>("{}: a Hugging Face model is a folder, not a .gguf", options.out);
  for (const auto& [given, name] :
       {std::pair{!options.verify_text.empty(), "--verify-text"}, {options.json, "--json"}})
    if (given && !options.verify) throw_error<ConfigError>("{}: is for --verify", name);
  const std::string text = text_of(options.verify_text);
  LoadedModel model = load_model(options.model, "fp32");
  if (file) {
    export_gguf_file(model, options.out, options.type);
  } else {
    export_folder(model, options.out, options.format, options.type);
  }
  log_info("{}: {} of {}, {}", options.out,
           options.format == "gguf" ? "GGUF" : "Hugging Face folder", model.origin, options.type);
  if (!options.verify) return 0;
  const ExportReport report = verify_export(model, options.out, options.type, text);
  std::cout << (options.json ? export_json(report).dump() + "\n" : export_table(report))
            << std::flush;
  if (const std::string fault = export_fault(report); !fault.empty())
    throw_error<InputError>("{}: is not the model it was written from: {}", options.out, fault);
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
      ->check(CLI::IsMember(export_formats()));
  command->add_option("--type", options->type,
                      fmt::format("hf: {}; gguf: {}", fmt::join(export_types("hf"), ", "),
                                  fmt::join(export_types("gguf"), ", ")));
  command->add_flag("--verify", options->verify,
                    "Read the file back and compare ids, weights and logits with the source");
  command->add_option("--verify-text", options->verify_text,
                      "FILE: compare over its text, too (with --verify)");
  command->add_flag("--json", options->json, "The comparison as JSON (with --verify)");
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return export_model(*options); };
  });
}

}  // namespace cohort
