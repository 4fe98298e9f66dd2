#include "trainer/stage_config.h"

#include "core/base/error.h"
#include "trainer/model_export.h"

namespace cohort {
namespace {

void describe_common(Fields& f, StageCommon& common, const char* init_doc) {
  f.field("name", common.name, "Folder of the stage and its name in metrics.");
  if (init_doc != nullptr) f.field("init", common.init, init_doc);
}

constexpr const char* kInitDoc =
    "Weights to start from: previous (the policy of the stage before), model, or a stage's name.";

void describe_length(Fields& f, int64_t& total_steps, int64_t& total_epochs) {
  f.field("total_steps", total_steps, "Steps of the stage; 0: from total_epochs.", at_least_int(0));
  f.field("total_epochs", total_epochs, "Passes over the data, when total_steps is 0.",
          at_least_int(0));
  if (total_steps == 0 && total_epochs == 0)
    f.fail("total_steps", "the stage needs total_steps or total_epochs");
}

void describe_micro_batch(Fields& f, int64_t& max_tokens, bool& activation_checkpointing) {
  f.field("max_tokens_per_micro_batch", max_tokens,
          "Rows of a logical shard computed at a time; 0: all. Memory against speed.",
          at_least_int(0));
  f.field("activation_checkpointing", activation_checkpointing,
          "Recompute a layer in backward instead of keeping its activations.");
}

void describe_router(Fields& f, double& update_speed, double& aux_loss_alpha) {
  f.field("router_bias_update_speed", update_speed,
          "Gamma of the selection bias that balances experts; 0 freezes it.", at_least(0.0));
  f.field("aux_loss_alpha", aux_loss_alpha, "Weight of the sequence-wise balance loss; 0: none.",
          at_least(0.0));
}

}  // namespace

void describe_rewards(Fields& f, std::vector<RewardConfig>& rewards) {
  if (f.reading() && rewards.empty()) {
    rewards = {{.name = "math", .kind = "math", .weight = 1.0},
               {.name = "format", .kind = "format", .weight = 0.1}};
    if (f.has("reward")) rewards.clear();
  }
  f.tagged_list(
      "reward", rewards.size(), reward_kinds(),
      [&](size_t index, std::string& tag, Fields& fields) {
        if (fields.reading()) {
          if (index >= rewards.size()) rewards.resize(index + 1);
          rewards[index] = {.name = tag, .kind = tag, .weight = 1.0};
        }
        tag = rewards[index].kind;
        rewards[index].describe(fields);
        for (size_t i = 0; i < index; ++i)
          if (rewards[i].name == rewards[index].name)
            fields.fail("name", fmt::format("\"{}\" names two rewards", rewards[i].name));
      },
      "Weighted components of the reward; a list of kinds.");
}

void TokenizerConfig::describe(Fields& f) {
  f.field("kind", kind, "characters of an alphabet, bytes, or path: a folder with tokenizer.json.",
          {"characters", "bytes", "path"});
  f.field("path", path, "Folder with tokenizer.json; of kind path.");
  f.field("alphabet", alphabet, "Every character is a token; of kind characters.");
  f.field("special", special, "Special tokens, which come first.");
  if (kind == "path" && path.empty()) f.fail("path", "must name a folder with tokenizer.json");
  if (kind == "characters" && alphabet.empty()) f.fail("alphabet", "must list the characters");
}

void ModelSection::describe(Fields& f) {
  f.field("path", path, "Hugging Face folder. Empty: random weights of the shape that follows.");
  if (!path.empty()) return shape.describe_form(f);
  shape.describe(f);
  f.optional_section("tokenizer", has_tokenizer, tokenizer,
                     "Tokenizer of a model without a folder; a student's default is the run's.");
}

void TrainDataConfig::describe(Fields& f) {
  f.field("from", from, "Instead of files: an earlier reject stage, or previous for the last one.");
  if (f.reading() && !f.has("from") && (f.has("files") || f.has("task"))) from.clear();
  source.describe(f);
  f.field("train_batch_size", train_batch_size, "Prompts (grpo) or samples (sft) a step.",
          at_least_int(1));
  f.field("on_bad_gold", on_bad_gold,
          "grpo: a gold answer that its own reward refuses stops the run, or its row is dropped.",
          {"stop", "drop"});
  if (!from.empty() && (!source.files.empty() || !source.task.empty()))
    f.fail("from", "excludes files and task");
}

void RolloutConfig::describe(Fields& f) {
  sampling.describe(f);
  f.section("engine", engine, "Batching and cache. No key here changes a result.");
  if (sampling.temperature > 0 || sampling.n == 1) return;
  if (f.has("n")) f.fail("n", "greedy samples are all the same: use n 1");
  if (f.reading()) sampling.n = 1;
}

void ValidationConfig::describe(Fields& f) {
  f.section("data", data, "Held-out prompts.");
  f.field("n", n, "Samples a prompt.", at_least_int(1));
  f.field("temperature", temperature, "0: greedy.", at_least(0.0));
  f.field("response_length", response_length, "Tokens of a completion at most.", at_least_int(1));
  if (temperature == 0 && n > 1) f.fail("n", "greedy samples are all the same: use n 1");
}

void SaveConfig::describe(Fields& f) {
  f.field("save_freq", save_freq, "Steps between checkpoints; 0: at the end alone.",
          at_least_int(0));
  f.field("keep_last", keep_last, "Newest checkpoints kept.", at_least_int(1));
  f.field("keep_best", keep_best,
          "Keep the checkpoint of best validation accuracy; later stages start from it.");
}

void StopWhen::describe(Fields& f) {
  f.field("accuracy", accuracy, "Stop the stage when validation accuracy reaches this.",
          between(0.0, 1.0));
  f.field("every", every, "Steps between two looks.", at_least_int(1));
}

void SftConfig::describe_training(Fields& f) {
  f.section("data", data, "Samples to learn from.");
  f.section("optim", optim, "AdamW.");
  describe_length(f, total_steps, total_epochs);
  f.field("test_freq", test_freq, "Steps between validations; 0: none.", at_least_int(0));
  f.optional_section("val", val.present, val, "Validation.");
  f.section("engine", engine, "Batching and cache of validation. No key here changes a result.");
  describe_rewards(f, reward);
  f.optional_section("stop_when", stop_when.present, stop_when, "Stop by skill, not by steps.");
  save.describe(f);
  describe_micro_batch(f, max_tokens_per_micro_batch, activation_checkpointing);
  describe_router(f, router_bias_update_speed, aux_loss_alpha);
  f.field("mtp_loss_weight", mtp_loss_weight,
          "Weight of the multi-token-prediction loss; 0 freezes the module.", at_least(0.0));
  if (data.on_bad_gold != TrainDataConfig().on_bad_gold)
    f.fail("data", "on_bad_gold is for grpo; sft and distill grade nothing that they train on");
  if (stop_when.present && !val.present) f.fail("stop_when", "needs a val section to measure on");
  if (test_freq > 0 && !val.present) f.fail("test_freq", "needs a val section to measure on");
  if (save.keep_best && test_freq == 0 && !stop_when.present)
    f.fail("keep_best", "needs test_freq and a val section");
}

void SftConfig::describe(Fields& f) {
  describe_common(f, *this, kInitDoc);
  f.optional_section("model", has_model, model, "A model of this stage's own instead of init.");
  describe_training(f);
}

DistillConfig::DistillConfig() {
  has_model = true;
  data.from = "previous";
}

void DistillConfig::describe(Fields& f) {
  describe_common(f, *this, nullptr);
  f.section("student", model, "The model that learns: a folder or a shape.");
  describe_training(f);
}

void FilterGroups::describe(Fields& f) {
  f.field("enable", enable, "Refuse groups whose completions all score alike and draw others.");
  f.field("metric", metric, "What must differ in a group: acc (right or wrong) or score (reward).",
          {"acc", "score"});
  f.field("max_num_gen_batches", max_num_gen_batches,
          "Waves a step; then it trains on what there is. 0: no bound.", at_least_int(0));
  f.field("gen_batch_size", gen_batch_size, "Prompts a wave; 0: train_batch_size.",
          at_least_int(0));
  f.field("surplus", surplus,
          "Accepted groups beyond the batch: dropped, or carried to the next step (off-policy).",
          {"drop", "carry"});
}

void AlgorithmConfig::describe(Fields& f) {
  struct KlControl {
    double& kl_coef;
    void describe(Fields& fields) {
      fields.field("kl_coef", kl_coef, "Coefficient of the KL penalty in the reward.",
                   at_least(0.0));
    }
  } kl_ctrl{kl_coef};
  advantage.describe(f);
  f.field("use_kl_in_reward", use_kl_in_reward, "Subtract kl_coef * k1 from the reward.");
  f.section("kl_ctrl", kl_ctrl, "KL in the reward.");
  f.section("filter_groups", filter_groups, "Dynamic sampling (DAPO).");
}

void ActorConfig::describe(Fields& f) {
  f.field("ppo_mini_batch_size", ppo_mini_batch_size,
          "Prompts an update; 0: the whole batch, one update a rollout.", at_least_int(0));
  f.field("ppo_epochs", ppo_epochs, "Passes over a rollout.", at_least_int(1));
  loss.describe(f);
  f.section("optim", optim, "AdamW.");
  f.field("ref_refresh_freq", ref_refresh_freq,
          "Steps after which the reference becomes the policy; 0: it stays the stage's start.",
          at_least_int(0));
  f.field("train_mtp", train_mtp, "Train the multi-token-prediction module too.");
  f.field("mtp_loss_weight", mtp_loss_weight, "Weight of its loss, with train_mtp.", at_least(0.0));
  describe_micro_batch(f, max_tokens_per_micro_batch, activation_checkpointing);
  describe_router(f, router_bias_update_speed, aux_loss_alpha);
  if (loss.loss_scale_factor > 0 && loss.loss_agg_mode != "seq-mean-token-sum-norm")
    f.fail("loss_scale_factor",
           "is for loss_agg_mode seq-mean-token-sum-norm; here it is " + loss.loss_agg_mode);
  if (train_mtp && mtp_loss_weight == 0)
    f.fail("mtp_loss_weight", "with it train_mtp would train nothing");
}

void OverlongConfig::describe(Fields& f) {
  f.field("buffer_len", buffer_len,
          "Tokens before the length limit over which the punishment grows; 0: none.",
          at_least_int(0));
  f.field("penalty_factor", penalty_factor, "Punishment at the length limit.", at_least(0.0));
  f.field("mask_truncated", mask_truncated, "Truncated completions do not count in the loss.");
}

void GrpoConfig::describe(Fields& f) {
  describe_common(f, *this, kInitDoc);
  f.section("data", data, "Prompts and gold answers.");
  f.section("rollout", rollout, "Sampling.");
  f.section("algorithm", algorithm, "Advantages; empty is GRPO.");
  f.section("actor", actor, "Loss and optimizer; empty is GRPO.");
  describe_rewards(f, reward);
  f.section("overlong", overlong, "Punishment of length (DAPO).");
  f.field("reward_workers", reward_workers, "Threads that grade while others are sampled.",
          between_int(1, 256));
  describe_length(f, total_steps, total_epochs);
  f.field("test_freq", test_freq, "Steps between validations; 0: none.", at_least_int(0));
  f.field("val_before_train", val_before_train, "Validate before the first step.");
  f.optional_section("val", val.present, val, "Validation.");
  save.describe(f);
  f.field("keep_rollouts", keep_rollouts, "Newest rollout files kept; 0: all.", at_least_int(0));

  const SamplingConfig& s = rollout.sampling;
  if (s.top_p < 1 || s.top_k > 0 || s.min_p > 0)
    f.fail("rollout",
           "grpo needs top_p 1, top_k 0 and min_p 0: the loss is over the whole distribution");
  if (s.temperature <= 0) f.fail("rollout", "grpo samples: temperature must be above 0");
  if (overlong.buffer_len > s.response_length)
    f.fail("overlong", fmt::format("buffer_len {} is longer than response_length {}",
                                   overlong.buffer_len, s.response_length));
  if (algorithm.filter_groups.enable && rollout.sampling.n == 1)
    f.fail("rollout", "n is 1: filter_groups would refuse every group of one");
  if (test_freq > 0 && !val.present) f.fail("test_freq", "needs a val section to measure on");
  if (save.keep_best && test_freq == 0) f.fail("keep_best", "needs test_freq and a val section");
  if (!data.from.empty()) f.fail("data", "from is for sft and distill; grpo reads prompts");
  if (actor.ppo_mini_batch_size > data.train_batch_size)
    f.fail("actor", fmt::format("ppo_mini_batch_size {} is larger than train_batch_size {}",
                                actor.ppo_mini_batch_size, data.train_batch_size));
}

void RejectConfig::describe(Fields& f) {
  describe_common(f, *this, kInitDoc);
  f.section("data", data, "Prompts and gold answers.");
  f.section("rollout", rollout, "Sampling; rollout.n samples a prompt.");
  describe_rewards(f, reward);
  f.field("max_kept", max_kept, "Right samples kept of a prompt.", at_least_int(1));
  f.field("prefer", prefer, "Which right samples are kept.", {"first", "shortest"});
  f.field("wave_size", wave_size, "Prompts sampled and recorded at a time.", at_least_int(1));
}

void EvalConfig::describe(Fields& f) {
  describe_common(f, *this, nullptr);
  f.field("models", models, "Stages to measure, or model for the run's start; empty: the last.");
  f.section("data", data, "Held-out prompts.");
  f.section("rollout", rollout, "Sampling; rollout.n samples a prompt.");
  describe_rewards(f, reward);
  f.field("greedy", greedy, "Greedy completions as well.");
  if (f.reading() && models.empty()) models = {"previous"};
}

void ExportConfig::describe(Fields& f) {
  describe_common(f, *this, "Stage whose model is exported, or previous.");
  f.field("format", format, "hf: a Hugging Face folder; gguf: model.gguf for llama.cpp.",
          export_formats());
  f.field("type", type, "Type of the tensors; beyond f32 and bf16 of gguf alone.",
          export_types(format));
  f.field("folder", folder, "Where to; empty: export/ of the run.");
}

const std::vector<std::string>& StageConfig::tags() {
  static const std::vector<std::string> tags = {"sft",     "grpo", "reject",
                                                "distill", "eval", "export"};
  return tags;
}

StageConfig StageConfig::of_tag(const std::string& tag) {
  StageConfig stage;
  stage.tag = tag;
  if (tag == "sft") stage.body = SftConfig();
  if (tag == "grpo") stage.body = GrpoConfig();
  if (tag == "reject") stage.body = RejectConfig();
  if (tag == "distill") stage.body = DistillConfig();
  if (tag == "eval") stage.body = EvalConfig();
  if (tag == "export") stage.body = ExportConfig();
  std::visit([&](StageCommon& common) { common.name = tag; }, stage.body);
  return stage;
}

const StageCommon& StageConfig::common() const {
  return std::visit([](const StageCommon& common) -> const StageCommon& { return common; }, body);
}

void StageConfig::describe(Fields& f) {
  std::visit([&](auto& config) { config.describe(f); }, body);
}

}  // namespace cohort
