// cohort eval MODEL --data FILE: pass@1 as the mean over k samples, with a 95 % interval, and
// greedy.
#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "launch/commands/commands.h"
#include "model/compute_device.h"
#include "trainer/evaluate.h"
#include "trainer/model_source.h"
#include "trainer/sampler.h"

namespace cohort {
namespace {

struct EvalOptions {
  std::string model, dtype = "fp32", device = "auto";
  DataConfig data;
  std::string file;
  SamplingConfig sampling;
  int64_t seed = 1;
  bool json = false;
};

nlohmann::json to_json(const PassRate& rate, const Metrics& metrics) {
  return {{"pass_at_1", rate.mean},      {"low", rate.low},
          {"high", rate.high},           {"prompts", rate.num_prompts},
          {"samples", rate.num_samples}, {"response_length", metrics.at("response_length/mean")}};
}

int evaluate(EvalOptions options, Communicator& comm) {
  if (options.file.empty() == options.data.task.empty())
    throw_error<ConfigError>("eval: expected either --data FILE or --task arithmetic");
  if (!options.file.empty()) options.data.files = {options.file};
  choose_device(options.device);
  const LoadedModel model = load_model(options.model, options.dtype);
  const auto data = Dataset::load(options.data, *model.tokenizer);
  GroupSampler sampler(model, comm,
                       {.engine = {},
                        .rewards = {{.name = "math", .kind = "math", .weight = 1.0}},
                        .stop_token_ids = {},
                        .reward_workers = 1});
  const std::vector<Prompt> prompts = all_prompts(*data);
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
  options->sampling.n = 1;
  options->sampling.response_length = 256;
  options->data.split = "test";
  CLI::App* command = app.add_subcommand("eval", "pass@1 of a model, with an interval");
  command->add_option("model", options->model, "Hugging Face folder, checkpoint, stage or run")
      ->required();
  command->add_option("--data", options->file, "JSONL file of prompts and answers");
  command->add_option("--task", options->data.task, "Built-in task instead of a file: arithmetic");
  command->add_option("--split", options->data.split, "Of the task: train, dev or test");
  command->add_option("--rows", options->data.num_rows, "The first rows only");
  command->add_option("--prompt-key", options->data.prompt_key, "Key of the prompt");
  command->add_option("--answer-key", options->data.answer_key, "Key of the gold answer");
  command->add_option("--answer-after", options->data.answer_after,
                      "Gold is what follows this mark");
  command->add_option("--prompt-template", options->data.prompt_template, "With {prompt} in it");
  command->add_option("--k", options->sampling.n, "Samples a prompt");
  command->add_option("--temperature", options->sampling.temperature, "0: greedy alone");
  command->add_option("--max-new", options->sampling.response_length, "Tokens at most");
  command->add_option("--seed", options->seed, "Seed of the draws");
  command->add_option("--dtype", options->dtype, "fp32 or bf16");
  command->add_option("--device", options->device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  command->add_flag("--json", options->json, "One JSON object");
  command->callback([&context, options] {
    context.action = [options](Communicator& comm) { return evaluate(*options, comm); };
  });
}

}  // namespace cohort
