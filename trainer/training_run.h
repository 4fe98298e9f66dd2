// What sft and grpo share: a model under a learner, from where its checkpoints stand. Resumes,
// validates, stops by skill, logs, saves and leaves; the stage itself only says what a step is.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "trainer/checkpoint.h"
#include "trainer/evaluate.h"
#include "trainer/progress.h"
#include "trainer/sampler.h"
#include "trainer/stages/stage_context.h"

namespace cohort {

struct TrainingConfig {
  LearnerConfig learner;
  OptimConfig optim;
  SaveConfig save;
  SamplerConfig sampler;
  ValidationConfig validation;
  std::vector<std::string> stop;  // stop strings of validation
  StopWhen stop_when;
  int64_t total_steps = 0;
  int64_t test_freq = 0;
  bool val_before_train = false;
  bool with_reference = false;
  int64_t ref_refresh_freq = 0;
};

class TrainingRun {
 public:
  TrainingRun(StageContext& context, LoadedModel start, const TrainingConfig& config);

  // What the stage adds to a checkpoint and takes back from it. Set before begin().
  std::function<void(RunState&)> save_state;
  std::function<void(const RunState&)> restore_state;

  // Resumes from the newest checkpoint, or validates and saves the start.
  void begin();
  bool finished() const { return stopped_ || step_ >= config_.total_steps; }
  int64_t step() const { return step_; }  // updates done
  double learning_rate() const;           // of the next step
  // Ends a step: reference, validation, metrics, checkpoint. `tokens` it worked on, for the
  // progress line. False: the run was asked to leave, and everything is saved.
  bool end_step(Metrics metrics, double tokens);
  // Saves where the last step ended, for a run that leaves within the next one.
  void leave();
  void finish();

  Learner& learner() { return learner_; }
  Decoder* reference() { return reference_decoder_.get(); }
  const LoadedModel& model() const { return model_; }
  GroupSampler& sampler();
  void say(const std::string& text);  // a log line that leaves the progress line whole

 private:
  bool validation_due() const;
  bool save_due() const;
  Metrics validate();
  void note_validation(const Metrics& metrics);
  void refresh_reference();
  void save();

  StageContext& context_;
  TrainingConfig config_;
  LoadedModel model_;
  Learner learner_;
  std::unique_ptr<ParameterStore> reference_;
  std::unique_ptr<Decoder> reference_decoder_;
  std::unique_ptr<CheckpointWriter> writer_;
  std::unique_ptr<GroupSampler> sampler_;
  std::shared_ptr<const Dataset> validation_data_;
  std::unique_ptr<Progress> progress_;
  std::chrono::steady_clock::time_point step_start_;

  int64_t step_ = 0;
  bool stopped_ = false;  // by stop_when
  double best_accuracy_ = -1;
  int64_t best_step_ = -1;
};

}  // namespace cohort
