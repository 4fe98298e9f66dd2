// cohort bench grpo: the fixed work of a GRPO step, as the baseline script for TRL does it:
// `prompts` prompts of `prompt-len` tokens, n completions each to full length (no stop), KL to a
// reference model, one optimizer step a batch, on-policy.

#include <CLI/CLI.hpp>

#include "core/base/error.h"
#include "core/base/threads.h"
#include "launch/commands/bench.h"
#include "launch/commands/bench_support.h"
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
  std::string dtype = "fp32", mla_form = "expanded", rollout_weights = "same";
  double beta = 0.001;
  std::string device = "cpu";
  BesideOptions beside;
};

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

nlohmann::ordered_json measure(const GrpoBenchOptions& options, Communicator& comm) {
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
  sampling.weights = options.rollout_weights;

  std::vector<double> steps, rollouts, references, updates;
  const auto start = BenchClock::now();
  for (int64_t step = 0; step < options.steps; ++step) {
    const auto begin = BenchClock::now();
    std::vector<Group> groups;
    engine.generate(make_prompts(options, *policy.tokenizer, step), sampling, {.seed = 1},
                    [&](Group&& group) { groups.push_back(std::move(group)); });
    rollouts.push_back(seconds_since(begin));
    std::vector<TrainGroup> train = to_train_groups(groups);
    const auto before_reference = BenchClock::now();
    if (options.beta > 0) learner.add_reference_logprobs(*reference.decoder, train, 1.0);
    references.push_back(seconds_since(before_reference));
    const auto before_update = BenchClock::now();
    PolicyLossConfig loss;
    loss.use_kl_loss = options.beta > 0;
    loss.kl_loss_coef = options.beta;
    const StepMetrics metrics = learner.update_policy(train, loss, 3e-6);
    const double mismatch = metrics.at("logprob_abs_diff_max");
    COHORT_CHECK(mismatch == 0 || sampling.weights != "same",
                 "trained log-probs differ from sampled ones by {}", mismatch);
    updates.push_back(seconds_since(before_update));
    steps.push_back(seconds_since(begin));
  }
  const double wall = seconds_since(start);
  const auto after_first = [](const std::vector<double>& v) {
    return median(v.size() > 1 ? std::vector<double>(v.begin() + 1, v.end()) : v);
  };
  const int64_t batch = options.prompts * options.n;
  const double gen = after_first(rollouts);
  const auto all_rounded = [](const std::vector<double>& v) {
    nlohmann::ordered_json list;
    for (const double seconds : v) list.push_back(rounded(seconds));
    return list;
  };
  return {{"system", "cohort"},
          {"dtype", options.dtype},
          {"mla_form", options.mla_form},
          {"rollout_weights", options.rollout_weights},
          {"batch", batch},
          {"completion", options.max_completion},
          {"wall_per_step_s", rounded(wall / static_cast<double>(options.steps))},
          {"step_s", rounded(after_first(steps))},
          {"gen_s", rounded(gen)},
          {"gen_tokens_per_s", rounded(static_cast<double>(batch * options.max_completion) / gen)},
          {"reference_s", rounded(after_first(references))},
          {"update_s", rounded(after_first(updates))},
          {"steps", all_rounded(steps)},
          {"gens", all_rounded(rollouts)}};
}

std::string describe(const nlohmann::ordered_json& line) {
  const auto number = [&](const char* key) { return line.at(key).get<double>(); };
  return fmt::format(
      "a step of {} completions of {} tokens, {}: {} s (rollout {}, reference {}, update {}), {} "
      "tokens/s sampled",
      line.at("batch").get<int64_t>(), line.at("completion").get<int64_t>(),
      line.at("dtype").get<std::string>(), number("step_s"), number("gen_s"), number("reference_s"),
      number("update_s"), number("gen_tokens_per_s"));
}

int bench(const GrpoBenchOptions& options, Communicator& comm) {
  run_benchmark(
      options.beside, {.key = "step_s", .higher_is_better = false},
      {{"prompts", std::to_string(options.prompts)},
       {"n", std::to_string(options.n)},
       {"prompt_len", std::to_string(options.prompt_len)},
       {"max_completion", std::to_string(options.max_completion)},
       {"steps", std::to_string(options.steps)},
       {"threads", std::to_string(options.threads)},
       {"dtype", options.dtype}},
      [&] { return measure(options, comm); }, describe);
  return 0;
}

}  // namespace

void add_bench_grpo(CLI::App& bench_app, CommandContext& context) {
  auto options = std::make_shared<GrpoBenchOptions>();
  CLI::App* command = bench_app.add_subcommand("grpo", "A GRPO step of fixed work");
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
  command
      ->add_option("--rollout-weights", options->rollout_weights,
                   "same, or q8_0: sampling by weights in 8 bits")
      ->check(CLI::IsMember({"same", "q8_0"}));
  command->add_option("--threads", options->threads, "Threads");
  command->add_option("--beta", options->beta, "KL coefficient; 0: no reference model");
  add_beside_options(*command, options->beside);
  command->callback([&context, options] {
    context.action = [options](Communicator& comm) { return bench(*options, comm); };
  });
}

}  // namespace cohort
