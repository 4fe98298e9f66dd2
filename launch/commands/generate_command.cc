// cohort generate MODEL [--prompt T | --prompts FILE]: completions, to look at.
#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/io/jsonl.h"
#include "launch/commands/commands.h"
#include "launch/commands/sampling_options.h"
#include "model/compute_device.h"
#include "rollout/engine/engine.h"
#include "trainer/end_ids.h"
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

// Completions in the order of prompts and samples, each as soon as it and those before it have
// ended. A single one as text is printed as it is drawn.
class Printer {
 public:
  Printer(const GenerateOptions& options, const Tokenizer& tokenizer, size_t num_prompts)
      : json_(options.json), n_(options.sampling.n) {
    if (!json_ && num_prompts == 1 && n_ == 1) stream_ = tokenizer.stream_decoder();
  }

  void token(const Prompt& prompt, int32_t token) {
    if (!stream_) return;
    if (!begun_) std::cout << prompt.text;
    begun_ = true;
    std::cout << stream_->push(token) << std::flush;
  }

  void end(const Prompt& prompt, int64_t sample, const Completion& completion) {
    const std::string cut = completion.finish == Finish::stop ? "" : " [cut]";
    if (stream_) {
      std::cout << stream_->finish() << cut << std::endl;
      return;
    }
    ended_[prompt.ordinal * n_ + sample] =
        json_ ? json_line(prompt, completion) : prompt.text + completion.text + cut;
    for (auto next = ended_.begin(); next != ended_.end() && next->first == printed_; ++printed_) {
      std::cout << next->second << std::endl;
      next = ended_.erase(next);
    }
  }

 private:
  static std::string json_line(const Prompt& prompt, const Completion& completion) {
    const nlohmann::json line = {{"prompt", prompt.text},
                                 {"completion", completion.text},
                                 {"ids", completion.tokens},
                                 {"logprob", completion.logprob},
                                 {"finish", completion.finish == Finish::stop ? "stop" : "length"}};
    return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

  bool json_;
  int64_t n_;
  std::unique_ptr<StreamDecoder> stream_;
  bool begun_ = false;
  std::map<int64_t, std::string> ended_;  // but not printed: one before is still being drawn
  int64_t printed_ = 0;
};

int generate(GenerateOptions options) {
  if (options.prompt.empty() && options.prompts_file.empty())
    throw_error<ConfigError>("generate: expected --prompt TEXT or --prompts FILE");
  choose_device(options.device);
  LoadedModel model = load_model(options.model, options.dtype, "", Masters::none);
  options.sampling.stop_token_ids = end_ids(*model.tokenizer, model.store->config());
  Engine engine(*model.decoder, *model.tokenizer, {});
  std::vector<Prompt> prompts = read_prompts(options, *model.tokenizer);
  settle_length(options.sampling, prompts, model.decoder->config().max_position_embeddings,
                kLongestCompletion);
  Printer printer(options, *model.tokenizer, prompts.size());
  engine.on_token = [&](const Prompt& prompt, int64_t, int32_t token) {
    printer.token(prompt, token);
  };
  engine.on_end = [&](const Prompt& prompt, int64_t sample, const Completion& completion) {
    printer.end(prompt, sample, completion);
  };
  engine.generate(std::move(prompts), options.sampling,
                  {.seed = static_cast<uint64_t>(options.seed)}, [](Group&&) {});
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
  add_sampling_options(*command, *options, kLongestCompletion);
  command->add_option("--stop", options->sampling.stop, "Stop strings");
  command
      ->add_option("--rollout-weights", options->sampling.weights,
                   "same, or q8_0: a copy of the weights in 8 bits")
      ->check(CLI::IsMember({"same", "q8_0"}));
  command->add_flag("--json", options->json, "One JSON object a completion");
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return generate(*options); };
  });
}

}  // namespace cohort
