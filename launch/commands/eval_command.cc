// cohort eval MODEL --data FILE: pass@1 as the mean over k samples, with a 95 % interval, and
// greedy.
#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "launch/commands/commands.h"
#include "launch/commands/sampling_options.h"
#include "model/compute_device.h"
#include "trainer/evaluate.h"
#include "trainer/model_source.h"
#include "trainer/sampler.h"

namespace cohort {
namespace {

struct EvalOptions : SamplingOptions {
  std::string model;
  DataConfig data;
  std::string file;
  bool json = false;
};

nlohmann::json to_json(const PassRate& rate, const Metrics& metrics) {
  return {{"pass_at_1", rate.mean},      {"low", rate.low},
          {"high", rate.high},           {"prompts", rate.num_prompts},
          {"samples", rate.num_samples}, {"response_length", metrics.at("response_length/mean")}};
}

int evaluate(EvalOptions options, Communicator& comm) {
  if (options.file.empty() == options.data.task.empty())
    throw_error<ConfigError>("eval: expected either --data FILE or --task TASK");
  if (!options.file.empty()) options.data.files = {options.file};
  choose_device(options.device);
  const LoadedModel model = load_model(options.model, options.dtype, "", Masters::none);
  const auto data = Dataset::load(options.data, *model.tokenizer);
  GroupSampler sampler(model, comm,
                       {.engine = {},
                        .rewards = {{.name = "math", .kind = "math", .weight = 1.0}},
                        .stop_token_ids = {},
                        .reward_workers = 1});
  check_gold("eval", sampler.grader(), *data, "warn");
  const std::vector<Prompt> prompts = all_prompts(*data);
  settle_length(options.sampling, prompts, model.decoder->config().max_position_embeddings,
                kLongestCompletion);
  const DrawScope scope = {.seed = static_cast<uint64_t>(options.seed)};

  nlohmann::json report = {{"model", model.origin}};
  const auto measure = [&](const char* name, const SamplingConfig& sampling) {
    const std::vector<Group> groups = sampler.sample(prompts, sampling, scope);
    const PassRate rate = pass_at_1(groups, sampler.grader());
    const Metrics metrics = group_metrics(groups, sampler.grader());
    report[name] = to_json(rate, metrics);
    if (comm.rank() == 0 && !options.json)
      std::cout << fmt::format(
          "{:<8} pass@1 {:.4f} [{:.4f}, {:.4f}]  {:.1f} tokens  {} prompts x {}\n", name, rate.mean,
          rate.low, rate.high, metrics.at("response_length/mean"), rate.num_prompts, sampling.n);
  };
  if (options.sampling.temperature > 0) measure("sampled", options.sampling);
  options.sampling.temperature = 0;
  options.sampling.n = 1;
  measure("greedy", options.sampling);
  if (comm.rank() == 0 && options.json) std::cout << report.dump() << '\n';
  return 0;
}

}  // namespace

void add_eval_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<EvalOptions>();
  options->data.shuffle = false;
  options->data.split = "test";
  CLI::App* command = app.add_subcommand("eval", "pass@1 of a model, with an interval");
  command->add_option("model", options->model, "Hugging Face folder, checkpoint, stage or run")
      ->required();
  command->add_option("--data", options->file, "JSONL file of prompts and answers");
  command->add_option("--task", options->data.task, "Built-in task instead of a file")
      ->check(CLI::IsMember({"arithmetic", "calculator_shapes"}));
  command->add_option("--split", options->data.split, "Of the task: train, dev or test")
      ->check(CLI::IsMember({"train", "dev", "test"}));
  command->add_option("--rows", options->data.num_rows, "The first rows only")->check(at_least_one);
  command->add_option("--prompt-key", options->data.prompt_key, "Key of the prompt");
  command->add_option("--answer-key", options->data.answer_key, "Key of the gold answer");
  command->add_option("--answer-after", options->data.answer_after,
                      "Gold is what follows this mark");
  command->add_option("--prompt-template", options->data.prompt_template, "With {prompt} in it");
  command->add_option("--k", options->sampling.n, "Samples a prompt")->check(at_least_one);
  add_sampling_options(*command, *options, kLongestCompletion);
  command->add_flag("--json", options->json, "One JSON object");
  command->callback([&context, options] {
    context.action = [options](Communicator& comm) { return evaluate(*options, comm); };
  });
}

}  // namespace cohort
