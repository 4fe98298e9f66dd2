// cohort bench grpo: the fixed work of a GRPO step, as the baseline script for TRL does it:
// `prompts` prompts of `prompt-len` tokens, n completions each to full length (no stop), KL to a
// reference model, one optimizer step a batch, on-policy.

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/threads.h"
#include "launch/commands/bench.h"
#include "model/compute_device.h"
#include "rollout/engine/engine.h"
#include "trainer/advantage.h"
#include "trainer/learner.h"
#include "trainer/model_source.h"

namespace cohort {
namespace {

struct GrpoBenchOptions {
  std::string model;
  int64_t prompts = 8, n = 8, prompt_len = 32, max_completion = 64, steps = 6, threads = 2;
  std::string dtype = "fp32", mla_form = "expanded";
  double beta = 0.001;
  std::string device = "cpu";
};

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}
double rounded(double value) { return std::round(value * 1e4) / 1e4; }
double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Any text serves: the work depends on lengths alone.
std::vector<Prompt> make_prompts(const GrpoBenchOptions& options, const Tokenizer& tokenizer,
                                 int64_t step) {
  std::string text;
  while (static_cast<int64_t>(text.size()) < 8 * (options.prompt_len + options.prompts))
    text +=
        "the quick brown fox jumps over the lazy dog and counts to nine hundred before it sleeps ";
  const std::vector<int32_t> ids = tokenizer.encode(text);
  std::vector<Prompt> prompts;
  for (int64_t i = 0; i < options.prompts; ++i) {
    Prompt prompt;
    prompt.ordinal = step * options.prompts + i;
    prompt.tokens.assign(ids.begin() + i, ids.begin() + i + options.prompt_len);
    prompts.push_back(std::move(prompt));
  }
  return prompts;
}

std::vector<TrainGroup> to_train_groups(const std::vector<Group>& groups) {
  std::vector<std::vector<double>> rewards;
  for (const Group& group : groups)
    for (rewards.emplace_back(); rewards.back().size() < group.completions.size();)
      rewards.back().push_back(static_cast<double>((rewards.back().size() * 5) % 7));
  const auto advantages = compute_advantages({}, rewards);
  std::vector<TrainGroup> train;
  for (size_t g = 0; g < groups.size(); ++g) {
    train.push_back({.prompt = groups[g].prompt.tokens, .samples = {}});
    for (size_t i = 0; i < groups[g].completions.size(); ++i) {
      const Completion& completion = groups[g].completions[i];
      train.back().samples.push_back({.tokens = completion.tokens,
                                      .old_logprob = completion.logprob,
                                      .reference_logprob = {},
                                      .mask = std::vector<uint8_t>(completion.tokens.size(), 1),
                                      .advantage = advantages[g][i]});
    }
  }
  return train;
}

int bench_grpo(const GrpoBenchOptions& options, Communicator& comm) {
  set_num_threads(static_cast<int>(options.threads));
  choose_device(options.device);
  LoadedModel policy = load_model(options.model, options.dtype, options.mla_form);
  LoadedModel reference = load_model(options.model, options.dtype, options.mla_form);
  LearnerConfig learner_config;
  learner_config.num_valid_tokens = policy.tokenizer->vocab_size();  // as the engine samples
  Learner learner(*policy.decoder, comm, learner_config, {});
  Engine engine(*policy.decoder, *policy.tokenizer, {});
  SamplingConfig sampling;  // no stop ids: every completion has full length
  sampling.n = options.n;
  sampling.response_length = options.max_completion;

  std::vector<double> steps, rollouts, references, updates;
  const auto start = Clock::now();
  for (int64_t step = 0; step < options.steps; ++step) {
    const auto begin = Clock::now();
    std::vector<Group> groups;
    engine.generate(make_prompts(options, *policy.tokenizer, step), sampling, {.seed = 1},
                    [&](Group&& group) { groups.push_back(std::move(group)); });
    rollouts.push_back(seconds_since(begin));
    std::vector<TrainGroup> train = to_train_groups(groups);
    const auto before_reference = Clock::now();
    if (options.beta > 0) learner.add_reference_logprobs(*reference.decoder, train, 1.0);
    references.push_back(seconds_since(before_reference));
    const auto before_update = Clock::now();
    PolicyLossConfig loss;
    loss.use_kl_loss = options.beta > 0;
    loss.kl_loss_coef = options.beta;
    const StepMetrics metrics = learner.update_policy(train, loss, 3e-6);
    const double mismatch = metrics.at("logprob_abs_diff_max");
    COHORT_CHECK(mismatch == 0, "trained log-probs differ from sampled ones by {}", mismatch);
    updates.push_back(seconds_since(before_update));
    steps.push_back(seconds_since(begin));
  }
  const double wall = seconds_since(start);
  const auto after_first = [](const std::vector<double>& v) {
    return median(v.size() > 1 ? std::vector<double>(v.begin() + 1, v.end()) : v);
  };
  const int64_t batch = options.prompts * options.n;
  const double gen = after_first(rollouts);
  const nlohmann::json line = {
      {"system", "cohort"},
      {"dtype", options.dtype},
      {"mla_form", options.mla_form},
      {"batch", batch},
      {"completion", options.max_completion},
      {"wall_per_step_s", rounded(wall / static_cast<double>(options.steps))},
      {"step_s", rounded(after_first(steps))},
      {"gen_s", rounded(gen)},
      {"gen_tokens_per_s", rounded(static_cast<double>(batch * options.max_completion) / gen)},
      {"reference_s", rounded(after_first(references))},
      {"update_s", rounded(after_first(updates))},
      {"steps", steps},
      {"gens", rollouts}};
  std::cout << line.dump() << std::endl;
  return 0;
}

}  // namespace

void add_bench_grpo(CLI::App& bench, CommandContext& context) {
  auto options = std::make_shared<GrpoBenchOptions>();
  CLI::App* command = bench.add_subcommand("grpo", "A GRPO step of fixed work");
  command->add_option("--model", options->model, "Hugging Face folder")->required();
  command->add_option("--prompts", options->prompts, "Prompts a step");
  command->add_option("--n", options->n, "Completions a prompt");
  command->add_option("--prompt-len", options->prompt_len, "Tokens of a prompt");
  command->add_option("--max-completion", options->max_completion, "Tokens of a completion");
  command->add_option("--steps", options->steps, "Steps");
  command->add_option("--dtype", options->dtype, "fp32 or bf16");
  command->add_option("--device", options->device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  command->add_option("--mla-form", options->mla_form, "expanded or absorbed");
  command->add_option("--threads", options->threads, "Threads");
  command->add_option("--beta", options->beta, "KL coefficient; 0: no reference model");
  command->callback([&context, options] {
    context.action = [options](Communicator& comm) { return bench_grpo(*options, comm); };
  });
}

}  // namespace cohort
