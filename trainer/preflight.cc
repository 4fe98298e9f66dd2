#include "trainer/preflight.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/log.h"
#include "trainer/grading.h"
#include "trainer/stages/export.h"
#include "trainer/stages/grpo.h"
#include "trainer/stages/sft.h"

namespace cohort {
namespace {

constexpr double kMb = 1024.0 * 1024.0;

int64_t longest_prompt(const Dataset& data) {
  int64_t longest = 0;
  for (int64_t i = 0; i < data.size(); ++i)
    longest = std::max(longest, static_cast<int64_t>(data.row(i).prompt_tokens.size()));
  return longest;
}

// The longest prompt and completion fit in the model's positions and in the cache.
void check_fits(const std::string& stage, const Dataset& data, int64_t response_length,
                const EngineConfig& engine, const ModelConfig& shape, const std::string& dtype) {
  const int64_t prompt = longest_prompt(data);
  if (prompt + response_length > shape.max_position_embeddings)
    throw_error<ConfigError>(
        "{}: the longest prompt has {} tokens, with response_length {} that is more than the "
        "model's max_position_embeddings {}",
        stage, prompt, response_length, shape.max_position_embeddings);
  const int64_t needed = num_blocks_needed(engine, prompt, response_length);
  const int64_t allowed = num_blocks_allowed(engine, shape, compute_dtype(dtype));
  if (needed > allowed)
    throw_error<ConfigError>(
        "{}: the longest prompt has {} tokens, with response_length {} it needs {} cache blocks of "
        "{}, engine.num_blocks and cache_mb allow {}",
        stage, prompt, response_length, needed, engine.block_size, allowed);
}

void check_stop_ids(const std::string& stage, const std::vector<int64_t>& ids,
                    const Tokenizer& tokenizer) {
  for (const int64_t id : ids)
    if (id < 0 || id >= tokenizer.vocab_size())
      throw_error<ConfigError>("{}: stop_token_ids has {}, the vocabulary has {} tokens", stage, id,
                               tokenizer.vocab_size());
}

// What sampling from this model needs.
void check_rollout(const std::string& stage, const RolloutConfig& rollout, const Dataset& data,
                   const ModelOutline& model, const std::string& dtype) {
  check_fits(stage, data, rollout.sampling.response_length, rollout.engine, model.shape, dtype);
  check_stop_ids(stage, rollout.sampling.stop_token_ids, *model.tokenizer);
}

// A loss that the model has no part for would be ignored without a word.
void check_terms(const std::string& stage, const ModelConfig& shape, bool mtp, double aux_alpha) {
  if (mtp && shape.num_nextn_predict_layers == 0)
    throw_error<ConfigError>(
        "{}: mtp_loss_weight is above 0, but the model has num_nextn_predict_layers 0", stage);
  if (aux_alpha > 0 && shape.num_moe_layers() == 0)
    throw_error<ConfigError>("{}: aux_loss_alpha is above 0, but the model has no experts", stage);
}

// A rank's cache fills up to this.
double cache_mb(const EngineConfig& engine) { return static_cast<double>(engine.cache_mb); }

void warn_small(const std::string& stage, const Dataset& data, int64_t batch) {
  if (batch > data.size())
    log_warning("{}: train_batch_size {} is more than the {} rows there are: a step repeats some",
                stage, batch, data.size());
}

}  // namespace

const ModelOutline& Preflight::outline_of(const ModelSection& section,
                                          const ModelSection& complete) {
  const auto found = outlines_.find(&section);
  if (found != outlines_.end()) return found->second;
  return outlines_.emplace(&section, outline(complete)).first->second;
}

// Follows `init` back to the section that gives the shape.
const ModelOutline& Preflight::outline_of(size_t place, const std::string& init) {
  const StageConfig* const source =
      init == "model" ? nullptr : resolve_stage(config_, place, init, false);
  if (source == nullptr) return outline_of(config_.model, config_.model);
  const SftConfig* sft = std::get_if<SftConfig>(&source->body);
  if (sft == nullptr) sft = std::get_if<DistillConfig>(&source->body);
  if (sft != nullptr && sft->has_model)
    return outline_of(sft->model, own_section(config_, sft->model));
  return outline_of(stage_place(config_, source->name()), source->common().init);
}

std::string Preflight::start_name(size_t place, const std::string& init) const {
  const StageConfig* const source =
      init == "model" ? nullptr : resolve_stage(config_, place, init, false);
  return source != nullptr ? source->name() : "the run's model";
}

// Weights and reference in the compute type; fp32 gradients of every local shard; the rank's part
// of masters and two moments.
double Preflight::training_mb(const ModelConfig& shape, bool with_reference) const {
  const auto numel = static_cast<double>(shape.num_parameters());
  const double element = config_.run.dtype == "bf16" ? 2 : 4;
  const auto shards = static_cast<double>(local_shards(config_.run.dp_shards, num_ranks_));
  const double weights = element * numel * (with_reference ? 2 : 1);
  return (weights + 4 * numel * shards + 12 * numel / num_ranks_) / kMb;
}

void Preflight::check_validation(const ValidationConfig& val, const std::string& stage,
                                 const std::vector<RewardConfig>& reward,
                                 const EngineConfig& engine, const ModelOutline& model) const {
  if (!val.present) return;
  const auto data = Dataset::load(val.data, *model.tokenizer);
  check_fits(stage + ".val", *data, val.response_length, engine, model.shape, config_.run.dtype);
  check_gold(stage + ".val", Grader(reward, model.tokenizer, {}), *data, "warn");
}

StagePlan Preflight::check_sft(size_t place, const SftConfig& c) {
  const ModelOutline& model =
      c.has_model ? outline_of(c.model, own_section(config_, c.model)) : outline_of(place, c.init);
  check_terms(c.name, model.shape, c.mtp_loss_weight > 0, c.aux_loss_alpha);
  check_validation(c.val, c.name, c.reward, c.engine, model);
  StagePlan plan{.work = "",
                 .start = !c.has_model           ? start_name(place, c.init)
                          : c.model.path.empty() ? "random weights"
                                                 : c.model.path,
                 .shape = model.shape,
                 .training_mb = training_mb(model.shape, false),
                 .rollout_mb = c.val.present ? cache_mb(c.engine) : 0};
  if (!c.data.from.empty()) {
    const std::string steps = c.total_steps > 0 ? fmt::format("{} steps", c.total_steps)
                                                : fmt::format("{} epochs", c.total_epochs);
    plan.work = fmt::format("{} of {} samples that {} keeps", steps, c.data.train_batch_size,
                            resolve_stage(config_, place, c.data.from, true)->name());
    return plan;
  }
  const auto data = Dataset::load(c.data.source, *model.tokenizer);
  encode_responses(c.data.source, *data, *model.tokenizer, model.shape.max_position_embeddings);
  warn_small(c.name, *data, c.data.train_batch_size);
  plan.work = fmt::format("{} steps of {} samples out of {}", num_steps(c, *data),
                          c.data.train_batch_size, data->size());
  return plan;
}

StagePlan Preflight::check_grpo(size_t place, const GrpoConfig& c) {
  const ModelOutline& model = outline_of(place, c.init);
  const auto data = Dataset::load(c.data.source, *model.tokenizer);
  std::vector<int64_t> bad_rows =
      check_gold(c.name, Grader(c.reward, model.tokenizer, {}), *data, c.data.on_bad_gold);
  check_rollout(c.name, c.rollout, *data, model, config_.run.dtype);
  check_terms(c.name, model.shape, c.actor.train_mtp && c.actor.mtp_loss_weight > 0,
              c.actor.aux_loss_alpha);
  check_validation(c.val, c.name, c.reward, c.rollout.engine, model);
  warn_small(c.name, *data, c.data.train_batch_size);
  return {.work = fmt::format("{} steps of {} prompts x {} completions out of {} prompts",
                              num_steps(c, *data), c.data.train_batch_size, c.rollout.sampling.n,
                              data->size()),
          .start = start_name(place, c.init),
          .shape = model.shape,
          .training_mb = training_mb(model.shape, needs_reference(c)),
          .rollout_mb = cache_mb(c.rollout.engine),
          .num_rows = data->size(),
          .bad_rows = std::move(bad_rows)};
}

StagePlan Preflight::check_reject(size_t place, const RejectConfig& c) {
  const ModelOutline& model = outline_of(place, c.init);
  const auto data = Dataset::load(c.data, *model.tokenizer);
  check_gold(c.name, Grader(c.reward, model.tokenizer, {}), *data, "warn");
  check_rollout(c.name, c.rollout, *data, model, config_.run.dtype);
  return {.work = fmt::format("{} prompts x {} samples, at most {} kept of a prompt", data->size(),
                              c.rollout.sampling.n, c.max_kept),
          .start = start_name(place, c.init),
          .shape = model.shape,
          .rollout_mb = cache_mb(c.rollout.engine)};
}

StagePlan Preflight::check_eval(size_t place, const EvalConfig& c) {
  std::vector<std::string> names;
  int64_t num_prompts = 0;
  for (const std::string& name : c.models) {
    const ModelOutline& model = outline_of(place, name);
    const auto data = Dataset::load(c.data, *model.tokenizer);
    if (names.empty()) check_gold(c.name, Grader(c.reward, model.tokenizer, {}), *data, "warn");
    check_rollout(c.name, c.rollout, *data, model, config_.run.dtype);
    names.push_back(start_name(place, name));
    num_prompts = data->size();
  }
  return {.work = fmt::format("{} prompts x {} samples{}", num_prompts, c.rollout.sampling.n,
                              c.greedy ? " and greedy" : ""),
          .start = fmt::format("{}", fmt::join(names, ", ")),
          .shape = outline_of(place, c.models.front()).shape,
          .rollout_mb = cache_mb(c.rollout.engine)};
}

StagePlan Preflight::check(size_t place) {
  const StageConfig& stage = config_.pipeline[place];
  if (const auto* c = std::get_if<SftConfig>(&stage.body)) return check_sft(place, *c);
  if (const auto* c = std::get_if<DistillConfig>(&stage.body)) return check_sft(place, *c);
  if (const auto* c = std::get_if<GrpoConfig>(&stage.body)) return check_grpo(place, *c);
  if (const auto* c = std::get_if<RejectConfig>(&stage.body)) return check_reject(place, *c);
  if (const auto* c = std::get_if<EvalConfig>(&stage.body)) return check_eval(place, *c);
  const auto& c = std::get<ExportConfig>(stage.body);
  check_export_folder(c.folder, config_.run.folder() + "/" + c.name);
  return {.work = fmt::format("{} folder in {}", c.format, c.type),
          .start = start_name(place, c.init),
          .shape = outline_of(place, c.init).shape};
}

}  // namespace cohort
