#include "trainer/training_run.h"

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "model/exactness_probe.h"
#include "trainer/verdict_record.h"

namespace cohort {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void copy_weights(const ParameterStore& from, ParameterStore& to) {
  to.flat().copy_(from.flat());
  for (const auto& [name, buffer] : from.buffers()) to.buffers().at(name).copy_(buffer);
  to.touch();
}

// The numerics contract on this machine, for this model's shapes, before anything counts on it.
void check_exactness(Decoder& decoder) {
  const auto fault = probe_exactness(decoder);
  if (!fault) return;
  throw_error<InputError>(
      "run.exact is true, but on this machine rollout and training would differ: {}. With "
      "run.exact: "
      "false the run goes on and logs the difference in rollout/logprob_abs_diff_max",
      *fault);
}

LearnerConfig with_vocabulary(LearnerConfig config, const Tokenizer& tokenizer) {
  config.num_valid_tokens = tokenizer.vocab_size();
  return config;
}

}  // namespace

TrainingRun::TrainingRun(StageContext& context, LoadedModel start, const TrainingConfig& config)
    : context_(context),
      config_(config),
      model_(std::move(start)),
      learner_(*model_.decoder, context.comm, with_vocabulary(config.learner, *model_.tokenizer),
               config.optim) {
  if (context.config.run.exact) check_exactness(*model_.decoder);
  Learner::State& state = learner_.state();
  state.master.copy_(model_.masters.slice(0, state.begin, state.end));
  learner_.publish_masters();
  model_.masters = at::Tensor();  // the learner's slices are what counts from here
  if (config.with_reference) {
    reference_ = std::make_unique<ParameterStore>(model_.store->config(), model_.store->dtype(),
                                                  model_.store->device());
    copy_weights(*model_.store, *reference_);
    reference_decoder_ = std::make_unique<Decoder>(*reference_);
  }
  if (config.validation.present)
    validation_data_ = Dataset::load(config.validation.data, *model_.tokenizer);
}

GroupSampler& TrainingRun::sampler() {
  if (!sampler_) sampler_ = std::make_unique<GroupSampler>(model_, context_.comm, config_.sampler);
  return *sampler_;
}

void TrainingRun::say(const std::string& text) {
  if (progress_) progress_->clear();
  log_info("{}", text);
}

void TrainingRun::begin() {
  const std::string folder = context_.path() + "/checkpoints";
  const ConfigValues values = numeric_values(context_.config, context_.stage);
  const std::string checkpoint = find_checkpoint(folder, context_.comm);
  if (!checkpoint.empty()) {
    check_same_values(load_checkpoint_state(checkpoint).values.at("config").get<ConfigValues>(),
                      values, checkpoint);
    const RunState state =
        load_checkpoint(checkpoint, context_.comm, learner_, *model_.store, reference_.get());
    step_ = checkpoint_step(checkpoint);
    stopped_ = state.values.at("stopped");
    best_accuracy_ = state.values.at("best_accuracy");
    best_step_ = state.values.at("best_step");
    if (restore_state) restore_state(state);
    log_info("{}: goes on from step {}", context_.name(), step_);
  }
  const bool fresh = checkpoint.empty();
  context_.metrics.cut_back(context_.name(), fresh ? -1 : step_);
  if (context_.leader()) prune_rollouts(context_.path(), step_, 0);
  writer_ = std::make_unique<CheckpointWriter>(context_.comm, folder, config_.save.keep_last,
                                               model_.tokenizer, fresh ? -1 : step_);
  writer_->protect(config_.save.keep_best ? best_step_ : -1);
  if (fresh) {
    if (config_.val_before_train && config_.validation.present) {
      const Metrics metrics = validate();
      note_validation(metrics);
      context_.metrics.write(context_.name(), 0, metrics);
    }
    if (save_due()) save();
  }
  progress_ =
      std::make_unique<Progress>(context_.name(), step_, config_.total_steps, context_.leader());
  step_start_ = std::chrono::steady_clock::now();
}

double TrainingRun::learning_rate() const {
  return scheduled_lr(config_.optim, step_ + 1, config_.total_steps);
}

bool TrainingRun::validation_due() const {
  if (!config_.validation.present) return false;
  const bool by_frequency =
      config_.test_freq > 0 && (step_ % config_.test_freq == 0 || step_ == config_.total_steps);
  return by_frequency || (config_.stop_when.present && step_ % config_.stop_when.every == 0);
}

bool TrainingRun::save_due() const {
  const bool by_frequency = config_.save.save_freq > 0 && step_ % config_.save.save_freq == 0;
  return by_frequency || (config_.save.keep_best && best_step_ == step_);
}

Metrics TrainingRun::validate() {
  const auto start = std::chrono::steady_clock::now();
  const ValidationConfig& v = config_.validation;
  SamplingConfig sampling;
  sampling.n = v.n;
  sampling.temperature = v.temperature;
  sampling.response_length = v.response_length;
  sampling.stop = config_.stop;
  const std::vector<Group> groups = sampler().sample(
      all_prompts(*validation_data_), sampling, context_.scope(DrawUse::validation),
      verdict_path(context_.path(), step_, "validation"));
  Metrics metrics;
  for (const auto& [name, value] : group_metrics(groups, sampler().grader()))
    metrics["val/" + name] = value;
  metrics["val/time_s"] = seconds_since(start);
  return metrics;
}

void TrainingRun::note_validation(const Metrics& metrics) {
  const double accuracy = metrics.at("val/accuracy");
  if (accuracy >= best_accuracy_) {  // of equals the one trained longest
    best_accuracy_ = accuracy;
    best_step_ = step_;
    if (config_.save.keep_best) writer_->protect(step_);
  }
  if (!config_.stop_when.present || accuracy < config_.stop_when.accuracy || step_ == 0) return;
  stopped_ = true;
  say(fmt::format("  val accuracy {:.3f}: {:g} is reached, stops after {} steps", accuracy,
                  config_.stop_when.accuracy, step_));
}

void TrainingRun::refresh_reference() {
  if (!reference_ || config_.ref_refresh_freq == 0 || step_ % config_.ref_refresh_freq != 0) return;
  copy_weights(*model_.store, *reference_);
}

void TrainingRun::save() {
  context_.metrics.flush();  // a checkpoint counts on the rows before it
  RunState state;
  state.values = {{"config", numeric_values(context_.config, context_.stage)},
                  {"stage", context_.name()},
                  {"stopped", stopped_},
                  {"best_accuracy", best_accuracy_},
                  {"best_step", best_step_}};
  if (save_state) save_state(state);
  writer_->save(step_, learner_, *model_.store, reference_.get(), std::move(state));
}

bool TrainingRun::end_step(Metrics metrics, double tokens) {
  ++step_;
  refresh_reference();
  if (validation_due()) {
    const Metrics validation = validate();
    note_validation(validation);
    metrics.insert(validation.begin(), validation.end());
  }
  metrics["time/step_s"] = seconds_since(step_start_);
  metrics["memory/peak_mb"] = peak_memory_mb();
  context_.metrics.write(context_.name(), step_, metrics);
  progress_->step(step_, metrics, tokens);
  const bool leave = context_.interrupt.should_leave(context_.comm);
  if (save_due() || finished() || leave) save();
  writer_->poll();
  step_start_ = std::chrono::steady_clock::now();
  if (!leave || finished()) return true;
  writer_->finish();
  return false;
}

void TrainingRun::leave() {
  save();
  writer_->finish();
}

void TrainingRun::finish() {
  save();  // a stage of no steps has not saved yet
  writer_->finish();
  progress_->clear();
  const bool take_best = config_.save.keep_best && best_step_ >= 0;
  const int64_t taken = take_best ? best_step_ : step_;
  log_info("  hands on step {} of {}: {}", taken, step_,
           take_best ? fmt::format("val accuracy {:.3f}, the best", best_accuracy_) : "the last");
  context_.finish(fmt::format("step_{:06d}", taken));
}

}  // namespace cohort
