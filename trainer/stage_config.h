// The configuration of every kind of stage. Keys follow verl where it has one;
// docs/configuration.md shows them at work.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/config/fields.h"
#include "model/model_config.h"
#include "rewards/reward.h"
#include "rollout/data/dataset.h"
#include "rollout/engine/engine.h"
#include "trainer/advantage.h"
#include "trainer/learner.h"

namespace cohort {

struct TokenizerConfig {
  std::string kind = "characters";  // characters, bytes, path
  std::string path;                 // a folder with tokenizer.json
  std::string alphabet;             // characters
  std::vector<std::string> special;
  void describe(Fields& f);
};

// A model to start from: a Hugging Face folder, or random weights of a shape.
struct ModelSection {
  std::string path;
  ModelConfig shape;           // vocab_size 0: the tokenizer's
  bool has_tokenizer = false;  // a stage's own model without one takes the run's
  TokenizerConfig tokenizer;
  void describe(Fields& f);
};

// What every stage has.
struct StageCommon {
  std::string name;  // unique; the stage's folder. Defaults to its tag
  std::string init =
      "previous";  // previous (policy), model (the run's), or an earlier stage's name
};

// DataConfig with the keys that belong to training on it.
struct TrainDataConfig {
  DataConfig source;
  std::string from;  // instead of files: an earlier reject stage, whose kept samples are the data
  int64_t train_batch_size = 32;  // prompts (grpo) or samples (sft) a step
  std::string on_bad_gold =
      "stop";  // grpo: a gold answer that its own reward does not accept: stop or drop
  void describe(Fields& f);
};

struct RolloutConfig {
  SamplingConfig sampling;
  EngineConfig engine;
  void describe(Fields& f);
};

// Prompts that a stage is measured on while it trains.
struct ValidationConfig {
  bool present = false;
  DataConfig data;
  int64_t n = 1;             // samples a prompt
  double temperature = 0.0;  // 0: greedy
  int64_t response_length = 64;
  void describe(Fields& f);
};

struct SaveConfig {
  int64_t save_freq = 10;  // steps; 0: at the end of the stage alone
  int64_t keep_last = 2;
  bool keep_best = false;  // of validation accuracy; later stages then start from it
  void describe(Fields& f);
};

struct StopWhen {
  bool present = false;
  double accuracy = 0.95;  // of validation
  int64_t every = 50;      // steps between two looks
  void describe(Fields& f);
};

struct SftConfig : StageCommon {
  bool has_model = false;
  ModelSection model;  // trained instead of `init` (distill: the student)
  TrainDataConfig data;
  OptimConfig optim;
  int64_t total_steps = 0;
  int64_t total_epochs = 0;
  int64_t test_freq = 0;
  ValidationConfig val;
  EngineConfig engine;               // of validation
  std::vector<RewardConfig> reward;  // of validation; empty: math 1.0 and format 0.1
  StopWhen stop_when;
  SaveConfig save;
  int64_t max_tokens_per_micro_batch = 0;
  bool activation_checkpointing = false;
  double router_bias_update_speed = 0.001;
  double aux_loss_alpha = 0.0;
  double mtp_loss_weight = 0.0;
  void describe(Fields& f);

 protected:
  void describe_training(Fields& f);
};

// sft of a student on what a reject stage kept.
struct DistillConfig : SftConfig {
  DistillConfig();
  void describe(Fields& f);
};

struct FilterGroups {
  bool enable = false;
  std::string metric =
      "acc";  // acc, score: a group whose completions all have one value is refused
  int64_t max_num_gen_batches = 10;  // waves a step; 0: no bound
  int64_t gen_batch_size = 0;        // prompts a wave; 0: train_batch_size
  std::string surplus = "drop";      // drop, carry
  void describe(Fields& f);
};

struct AlgorithmConfig {
  AdvantageConfig advantage;
  bool use_kl_in_reward = false;
  double kl_coef = 0.001;  // kl_ctrl.kl_coef
  FilterGroups filter_groups;
  void describe(Fields& f);
};

struct ActorConfig {
  PolicyLossConfig loss;
  OptimConfig optim;
  int64_t ppo_mini_batch_size = 0;  // prompts; 0: the whole batch, one update a rollout
  int64_t ppo_epochs = 1;
  int64_t ref_refresh_freq = 0;  // steps; 0: the reference is the start of the stage
  bool train_mtp = false;
  double mtp_loss_weight = 0.1;  // with train_mtp
  int64_t max_tokens_per_micro_batch = 0;
  bool activation_checkpointing = false;
  double router_bias_update_speed = 0.0;
  double aux_loss_alpha = 0.0;
  void describe(Fields& f);
};

struct OverlongConfig {
  int64_t buffer_len = 0;  // 0: no soft punishment
  double penalty_factor = 1.0;
  bool mask_truncated = false;
  void describe(Fields& f);
};

struct GrpoConfig : StageCommon {
  TrainDataConfig data;
  RolloutConfig rollout;
  AlgorithmConfig algorithm;
  ActorConfig actor;
  std::vector<RewardConfig> reward;  // empty: math 1.0 and format 0.1
  OverlongConfig overlong;
  int64_t reward_workers = 1;
  int64_t total_steps = 0;
  int64_t total_epochs = 0;
  int64_t test_freq = 0;
  bool val_before_train = true;
  ValidationConfig val;
  SaveConfig save;
  int64_t keep_rollouts = 0;  // newest files kept; 0: all
  void describe(Fields& f);
};

struct RejectConfig : StageCommon {
  DataConfig data;
  RolloutConfig rollout;  // rollout.n samples a prompt
  std::vector<RewardConfig> reward;
  int64_t max_kept = 1;          // correct samples kept a prompt
  std::string prefer = "first";  // first, shortest
  int64_t wave_size = 512;       // prompts sampled and recorded at a time
  void describe(Fields& f);
};

struct EvalConfig : StageCommon {
  std::vector<std::string> models;  // stages, "model"; empty: [previous]
  DataConfig data;
  RolloutConfig rollout;  // rollout.n samples a prompt at rollout.temperature
  std::vector<RewardConfig> reward;
  bool greedy = true;  // greedy as well
  void describe(Fields& f);
};

struct ExportConfig : StageCommon {
  std::string format = "hf";
  std::string type = "f32";  // export_types(format)
  std::string folder;        // default: export/ of the run, or export/NAME when it has several
  void describe(Fields& f);
};

struct StageConfig {
  std::string tag;  // sft, grpo, reject, distill, eval, export
  std::variant<SftConfig, GrpoConfig, RejectConfig, DistillConfig, EvalConfig, ExportConfig> body;

  static StageConfig of_tag(const std::string& tag);
  static const std::vector<std::string>& tags();
  const StageCommon& common() const;
  const std::string& name() const { return common().name; }
  void describe(Fields& f);
};

// `reward:` as a list of components; what is not given is math 1.0 + format 0.1.
void describe_rewards(Fields& f, std::vector<RewardConfig>& rewards);

}  // namespace cohort
