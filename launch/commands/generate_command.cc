// cohort generate MODEL [--prompt T | --prompts FILE]: completions, to look at.
#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/io/jsonl.h"
#include "launch/commands/commands.h"
#include "model/compute_device.h"
#include "rollout/engine/engine.h"
#include "trainer/model_source.h"

namespace cohort {
namespace {

struct GenerateOptions {
  std::string model, prompt, prompts_file, prompt_key = "prompt", dtype = "fp32", device = "auto";
  SamplingConfig sampling;
  int64_t seed = 1;
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
  choose_device(options.device);
  LoadedModel model = load_model(options.model, options.dtype);
  if (const int32_t eos = model.tokenizer->eos_id(); eos >= 0)
    options.sampling.stop_token_ids.push_back(eos);
  Engine engine(*model.decoder, *model.tokenizer, {});
  std::vector<Prompt> prompts = read_prompts(options, *model.tokenizer);
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
  options->sampling.n = 1;
  options->sampling.response_length = 256;
  CLI::App* command = app.add_subcommand("generate", "Completions of prompts");
  command->add_option("model", options->model, "Hugging Face folder or a run's checkpoint")
      ->required();
  auto* prompt = command->add_option("--prompt", options->prompt, "One prompt, as it is");
  command->add_option("--prompts", options->prompts_file, "JSONL file of prompts")
      ->excludes(prompt);
  command->add_option("--prompt-key", options->prompt_key, "Key of the prompt in the file");
  command->add_option("--n", options->sampling.n, "Completions a prompt");
  command->add_option("--temperature", options->sampling.temperature, "0: greedy");
  command->add_option("--top-p", options->sampling.top_p, "Smallest set with this probability");
  command->add_option("--top-k", options->sampling.top_k, "Only the k most probable; 0: all");
  command->add_option("--min-p", options->sampling.min_p, "Share of the largest probability");
  command->add_option("--max-new", options->sampling.response_length, "Tokens at most");
  command->add_option("--stop", options->sampling.stop, "Stop strings");
  command->add_option("--seed", options->seed, "Seed of the draws");
  command->add_option("--dtype", options->dtype, "fp32 or bf16");
  command->add_option("--device", options->device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  command->add_flag("--json", options->json, "One JSON object a completion");
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return generate(*options); };
  });
}

}  // namespace cohort
