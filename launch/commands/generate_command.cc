// cohort generate MODEL [--prompt T | --prompts FILE]: completions, to look at.
#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/io/jsonl.h"
#include "launch/commands/commands.h"
#include "launch/commands/sampling_options.h"
#include "model/compute_device.h"
#include "rollout/engine/engine.h"
#include "trainer/model_source.h"

namespace cohort {
namespace {

struct GenerateOptions : SamplingOptions {
  std::string model, prompt, prompts_file, prompt_key = "prompt";
  bool json = false;
};

std::vector<Prompt> read_prompts(const GenerateOptions& options, const Tokenizer& tokenizer) {
  std::vector<Prompt> prompts;
  const auto add = [&](std::string text, std::string source) {
    Prompt prompt;
    prompt.ordinal = prompt.row = static_cast<int64_t>(prompts.size());
    prompt.source = std::move(source);
    prompt.tokens = tokenizer.encode(text);
    prompt.text = std::move(text);
    prompts.push_back(std::move(prompt));
  };
  if (options.prompts_file.empty()) {
    add(options.prompt, "--prompt");
    return prompts;
  }
  read_jsonl(options.prompts_file, [&](const nlohmann::json& row, int64_t line) {
    const std::string source = fmt::format("{}:{}", options.prompts_file, line);
    const auto text = row.find(options.prompt_key);
    if (text == row.end() || !text->is_string())
      throw_error<InputError>("{}: no text under \"{}\"", source, options.prompt_key);
    add(text->get<std::string>(), source);
  });
  if (prompts.empty()) throw_error<InputError>("{}: no prompts", options.prompts_file);
  return prompts;
}

void print_group(const Group& group, bool json) {
  for (const Completion& completion : group.completions) {
    const bool stopped = completion.finish == Finish::stop;
    if (!json) {
      std::cout << group.prompt.text << completion.text << (stopped ? "" : " [cut]") << '\n';
      continue;
    }
    const nlohmann::json line = {{"prompt", group.prompt.text},
                                 {"completion", completion.text},
                                 {"ids", completion.tokens},
                                 {"logprob", completion.logprob},
                                 {"finish", stopped ? "stop" : "length"}};
    std::cout << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  }
}

int generate(GenerateOptions options) {
  if (options.prompt.empty() && options.prompts_file.empty())
    throw_error<ConfigError>("generate: expected --prompt TEXT or --prompts FILE");
  choose_device(options.device);
  LoadedModel model = load_model(options.model, options.dtype);
  if (const int32_t eos = model.tokenizer->eos_id(); eos >= 0)
    options.sampling.stop_token_ids.push_back(eos);
  Engine engine(*model.decoder, *model.tokenizer, {});
  std::vector<Prompt> prompts = read_prompts(options, *model.tokenizer);
  settle_length(options.sampling, prompts, model.decoder->config());
  std::vector<Group> groups(prompts.size());
  engine.generate(std::move(prompts), options.sampling,
                  {.seed = static_cast<uint64_t>(options.seed)}, [&](Group&& group) {
                    const auto place = static_cast<size_t>(group.prompt.ordinal);
                    groups[place] = std::move(group);
                  });
  for (const Group& group : groups) print_group(group, options.json);
  return 0;
}

}  // namespace

void add_generate_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App* command = app.add_subcommand("generate", "Completions of prompts");
  command->add_option("model", options->model, "Hugging Face folder or a run's checkpoint")
      ->required();
  auto* prompt = command->add_option("--prompt", options->prompt, "One prompt, as it is");
  command->add_option("--prompts", options->prompts_file, "JSONL file of prompts")
      ->excludes(prompt);
  command->add_option("--prompt-key", options->prompt_key, "Key of the prompt in the file");
  command->add_option("--n", options->sampling.n, "Completions a prompt")->check(at_least_one);
  add_sampling_options(*command, *options);
  command->add_option("--top-p", options->sampling.top_p, "Smallest set with this probability")
      ->check(CLI::Range(1e-9, 1.0));
  command->add_option("--top-k", options->sampling.top_k, "Only the k most probable; 0: all")
      ->check(not_negative);
  command->add_option("--min-p", options->sampling.min_p, "Share of the largest probability")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--stop", options->sampling.stop, "Stop strings");
  command->add_flag("--json", options->json, "One JSON object a completion");
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return generate(*options); };
  });
}

}  // namespace cohort
