#include "trainer/stages/grpo.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "rollout/recorder.h"
#include "trainer/evaluate.h"
#include "trainer/group_codec.h"
#include "trainer/group_source.h"
#include "trainer/policy_batch.h"
#include "trainer/training_run.h"
#include "trainer/verdict_record.h"

namespace cohort {
namespace {

constexpr int64_t kSamplesShown = 5;  // in a stage
constexpr size_t kSampleWidth = 400;
constexpr int64_t kFruitlessWaves = 10;  // between two lines about them

class Stopwatch {
 public:
  // Seconds since the last lap.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(last_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

TrainingConfig training_config(const StageContext& context, const GrpoConfig& c, int64_t steps) {
  const ActorConfig& actor = c.actor;
  TrainingConfig t;
  t.learner = {.dp_shards = context.config.run.dp_shards,
               .num_valid_tokens = 0,
               .max_tokens_per_micro_batch = actor.max_tokens_per_micro_batch,
               .activation_checkpointing = actor.activation_checkpointing,
               .router_bias_update_speed = actor.router_bias_update_speed,
               .aux_loss_alpha = actor.aux_loss_alpha,
               .mtp_loss_weight = actor.train_mtp ? actor.mtp_loss_weight : 0.0,
               .train_mtp = actor.train_mtp};
  t.optim = actor.optim;
  t.save = c.save;
  t.sampler = {.engine = c.rollout.engine,
               .rewards = c.reward,
               .stop_token_ids = c.rollout.sampling.stop_token_ids,
               .reward_workers = c.reward_workers,
               .record_experts = !context.config.run.exact};
  t.validation = c.val;
  t.stop = c.rollout.sampling.stop;
  t.total_steps = steps;
  t.test_freq = c.test_freq;
  t.val_before_train = c.val_before_train;
  t.with_reference = needs_reference(c);
  t.ref_refresh_freq = actor.ref_refresh_freq;
  return t;
}

PolicyLossConfig policy_loss(const GrpoConfig& config) {
  PolicyLossConfig loss = config.actor.loss;
  loss.temperature = config.rollout.sampling.temperature;
  if (loss.loss_scale_factor == 0) loss.loss_scale_factor = config.rollout.sampling.response_length;
  return loss;
}

// Minibatches of one rollout: their means, but for what is said of the first alone (before any of
// them changed the weights): how rollout and training differ, more of it where they may.
void add_update_metrics(const std::vector<StepMetrics>& updates, bool exact, Metrics& metrics) {
  constexpr std::string_view kMismatch = "mismatch/";
  const auto count = static_cast<double>(updates.size());
  for (const auto& [name, first] : updates.front()) {
    if (name.starts_with(kMismatch)) {
      if (!exact) metrics["rollout/" + name.substr(kMismatch.size())] = first;
      continue;
    }
    if (name == "logprob_abs_diff_max") {
      metrics["rollout/logprob_abs_diff_max"] = first;
      continue;
    }
    double sum = 0;
    for (const StepMetrics& update : updates) sum += update.at(name);
    metrics[name] = sum / count;
  }
  double ticks = 0;
  for (const StepMetrics& update : updates)
    ticks += 1 - update.at("actor/skipped_empty") - update.at("actor/skipped_non_finite");
  metrics["actor/updates"] = ticks;
}

class GrpoStage {
 public:
  GrpoStage(StageContext& context, const GrpoConfig& config, LoadedModel start,
            std::shared_ptr<const Dataset> data, const std::vector<int64_t>& bad_rows)
      : context_(context),
        config_(config),
        loss_(policy_loss(config)),
        source_(config,
                PromptStream(data, static_cast<uint64_t>(context.config.run.seed),
                             context.scope(DrawUse::training).stage, config.data.source.shuffle),
                bad_rows, context.scope(DrawUse::training)),
        num_steps_(num_steps(config, *data)),
        run_(context, std::move(start), training_config(context, config, num_steps_)) {
    run_.save_state = [this](RunState& state) {
      state.values["next_ordinal"] = source_.next_ordinal;
      state.carried = encode_groups(source_.carried);
    };
    run_.restore_state = [this](const RunState& state) {
      source_.next_ordinal = state.values.at("next_ordinal");
      source_.carried = decode_groups(state.carried);
    };
  }

  StageEnd run() {
    if (context_.leader()) make_folders(context_.path() + "/rollouts");
    run_.begin();
    while (!run_.finished())
      if (!step()) return StageEnd::interrupted;
    run_.finish();
    if (first_ && last_)
      log_info("  accuracy {:.3f} -> {:.3f}, {:.1f} -> {:.1f} tokens a completion",
               first_->accuracy, last_->accuracy, first_->length, last_->length);
    return StageEnd::finished;
  }

 private:
  // One step of the algorithm. False when the run leaves.
  bool step() {
    Stopwatch watch;
    GroupSource::Drawn drawn = source_.next(
        run_.sampler(), [this](const GroupSource::Drawn& sofar) { return leaves_after(sofar); },
        [this](int64_t wave) {
          return verdict_path(context_.path(), run_.step() + 1, fmt::format("wave_{}", wave));
        });
    if (drawn.left) {
      run_.leave();
      return false;
    }
    std::vector<Group>& groups = drawn.groups;
    Metrics metrics = punish_overlong(config_, groups);
    const double rollout_s = watch.lap();

    std::vector<TrainGroup> batch = to_train_groups(groups, config_.overlong, drawn.num_carried);
    if (run_.reference() != nullptr)
      run_.learner().add_reference_logprobs(*run_.reference(), batch, loss_.temperature);
    metrics.merge(punish_kl(config_, batch, groups));
    set_advantages(config_.algorithm.advantage, groups, batch);
    const double reference_s = watch.lap();

    record(groups);  // an update that fails leaves on disk what it failed on
    const double record_s = watch.lap();

    add_update_metrics(update(batch), context_.config.run.exact, metrics);
    const double update_s = watch.lap();

    add_rollout_metrics(drawn, metrics);
    const double tokens = num_tokens(groups);
    metrics["time/rollout_s"] = rollout_s;
    metrics["time/reference_s"] = reference_s;
    metrics["time/record_s"] = record_s;
    metrics["time/update_s"] = update_s;
    if (drawn.waves > 0)  // else the whole batch was carried
      metrics["throughput/rollout_tokens_per_s"] =
          num_tokens(drawn.sampled.empty() ? groups : drawn.sampled) / rollout_s;
    metrics["throughput/update_tokens_per_s"] = tokens / update_s;
    show_sample(groups);
    if (groups.empty() && context_.leader())
      log_warning("{}: step {} is empty, filter_groups refused all groups of {} waves: no update",
                  context_.name(), run_.step() + 1, drawn.waves);
    if (!groups.empty()) last_ = {metrics.at("accuracy"), metrics.at("response_length/mean")};
    if (!first_) first_ = last_;
    return run_.end_step(std::move(metrics), tokens);
  }

  // Between two waves of dynamic sampling. A step without a bound may never end, one with a bound
  // is not left: every start of the run shall come further.
  bool leaves_after(const GroupSource::Drawn& drawn) {
    if (drawn.fruitless > 0 && drawn.fruitless % kFruitlessWaves == 0)
      run_.say(fmt::format(
          "  step {}: filter_groups refused all groups of the last {} waves, {} of {} are found",
          run_.step() + 1, drawn.fruitless, drawn.groups.size(), config_.data.train_batch_size));
    return config_.algorithm.filter_groups.max_num_gen_batches == 0 &&
           context_.interrupt.should_leave_within_step(context_.comm);
  }

  // ppo_epochs passes over the minibatches in stream order; an optimizer tick each.
  std::vector<StepMetrics> update(const std::vector<TrainGroup>& batch) {
    const auto size = static_cast<int64_t>(batch.size());
    const int64_t mini = config_.actor.ppo_mini_batch_size > 0 ? config_.actor.ppo_mini_batch_size
                                                               : std::max<int64_t>(1, size);
    const double lr = run_.learning_rate();
    std::vector<StepMetrics> updates;
    for (int64_t epoch = 0; epoch < config_.actor.ppo_epochs; ++epoch) {
      for (int64_t begin = 0; begin == 0 || begin < size; begin += mini) {
        const std::vector<TrainGroup> part(batch.begin() + begin,
                                           batch.begin() + std::min(size, begin + mini));
        updates.push_back(run_.learner().update_policy(part, loss_, lr));
      }
    }
    return updates;
  }

  void record(const std::vector<Group>& groups) const {
    if (!context_.leader()) return;
    const int64_t step = run_.step() + 1;
    write_groups(rollout_path(context_.path(), step),
                 {.stage = context_.name(),
                  .step = step,
                  .seed = static_cast<uint64_t>(context_.config.run.seed),
                  .temperature = loss_.temperature,
                  .rewards = rewards_},
                 groups);
    prune_rollouts(context_.path(), step, config_.keep_rollouts);
    prune_verdicts(context_.path());
  }

  void add_rollout_metrics(const GroupSource::Drawn& drawn, Metrics& metrics) {
    const Grader& grader = run_.sampler().grader();
    metrics.merge(group_metrics(drawn.groups, grader));
    double dead = 0;
    for (const Group& group : drawn.groups)
      dead += std::ranges::all_of(group.advantages, [](double a) { return a == 0; }) ? 1 : 0;
    metrics["rollout/groups"] = static_cast<double>(drawn.groups.size());
    metrics["rollout/groups_without_advantage"] = dead;
    metrics["rollout/groups_undecided"] = static_cast<double>(drawn.undecided);
    if (!config_.algorithm.filter_groups.enable) return;
    metrics["filter/waves"] = static_cast<double>(drawn.waves);
    metrics["filter/refused"] = static_cast<double>(drawn.refused);
    metrics["filter/dropped"] = static_cast<double>(drawn.dropped);
    metrics["filter/carried"] = static_cast<double>(source_.carried.size());
    const Metrics sampled = group_metrics(drawn.sampled, grader);
    if (const auto found = sampled.find("accuracy"); found != sampled.end())
      metrics["filter/sampled_accuracy"] = found->second;
  }

  void show_sample(const std::vector<Group>& groups) {
    const int64_t step = run_.step() + 1;
    const int64_t every = std::max<int64_t>(1, num_steps_ / kSamplesShown);
    if (groups.empty() || (step != 1 && step % every != 0)) return;
    const Group& group = groups.front();
    run_.say(fmt::format("  step {}: {} [{}] reward {:.2f}, gold {}", step,
                         one_line(group.prompt.text, kSampleWidth),
                         one_line(group.completions.front().text, kSampleWidth),
                         group.scores.front().total, one_line(group.prompt.answer, kSampleWidth)));
  }

  StageContext& context_;
  const GrpoConfig& config_;
  PolicyLossConfig loss_;
  GroupSource source_;
  int64_t num_steps_;
  struct Level {
    double accuracy, length;
  };
  std::optional<Level> first_, last_;  // of this process's steps, for the closing line
  TrainingRun run_;
  std::vector<std::string> rewards_ = run_.sampler().grader().rubric().names();
};

}  // namespace

bool needs_reference(const GrpoConfig& c) {
  return c.actor.loss.has_kl() || c.algorithm.use_kl_in_reward;
}

int64_t num_steps(const GrpoConfig& config, const Dataset& data) {
  if (config.total_steps > 0) return config.total_steps;
  return std::max<int64_t>(1, config.total_epochs * data.size() / config.data.train_batch_size);
}

StageEnd run_grpo(StageContext& context, const GrpoConfig& config) {
  LoadedModel start = context.model(config.init);
  const auto data = Dataset::load(config.data.source, *start.tokenizer);
  if (data->size() != context.plan.num_rows)
    throw_error<InputError>("{}: its data has {} rows, and had {} when the run began", config.name,
                            data->size(), context.plan.num_rows);
  log_info("  {} steps of {} prompts x {} completions, from {}", num_steps(config, *data),
           config.data.train_batch_size, config.rollout.sampling.n,
           context.model_name(config.init));
  if (config.rollout.sampling.n == 1 && config.algorithm.advantage.adv_estimator != "reinforce++")
    log_warning(
        "  rollout.n is 1: a group of one has no advantage, only the KL term is learnt from");
  return GrpoStage(context, config, std::move(start), data, context.plan.bad_rows).run();
}

}  // namespace cohort
