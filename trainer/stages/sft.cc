#include "trainer/stages/sft.h"

#include <algorithm>
#include <chrono>

#include "core/base/error.h"
#include "core/base/log.h"
#include "trainer/training_run.h"

namespace cohort {
namespace {

// Supervised samples by row of their data set.
class Samples {
 public:
  Samples(const DataConfig& config, const LoadedModel& model)
      : data_(Dataset::load(config, *model.tokenizer)),
        responses_(encode_responses(config, *data_, *model.tokenizer,
                                    model.store->config().max_position_embeddings)) {}

  const std::shared_ptr<const Dataset>& data() const { return data_; }
  TrainGroup group(int64_t row) const {
    const std::vector<int32_t>& response = responses_[static_cast<size_t>(row)];
    TrainSample sample;
    sample.tokens = response;
    sample.mask.assign(response.size(), 1);
    return {.prompt = data_->row(row).prompt_tokens, .samples = {std::move(sample)}};
  }

 private:
  std::shared_ptr<const Dataset> data_;
  std::vector<std::vector<int32_t>> responses_;
};

TrainingConfig training_config(const StageContext& context, const SftConfig& c, int64_t steps) {
  TrainingConfig t;
  t.learner = {.dp_shards = context.config.run.dp_shards,
               .num_valid_tokens = 0,
               .max_tokens_per_micro_batch = c.max_tokens_per_micro_batch,
               .activation_checkpointing = c.activation_checkpointing,
               .router_bias_update_speed = c.router_bias_update_speed,
               .aux_loss_alpha = c.aux_loss_alpha,
               .mtp_loss_weight = c.mtp_loss_weight,
               .train_mtp = c.mtp_loss_weight > 0};
  t.optim = c.optim;
  t.save = c.save;
  t.sampler.engine = c.engine;
  t.sampler.rewards = c.reward;
  t.validation = c.val;
  t.stop_when = c.stop_when;
  t.total_steps = steps;
  t.test_freq = c.test_freq;
  return t;
}

}  // namespace

std::vector<std::vector<int32_t>> encode_responses(const DataConfig& config, const Dataset& data,
                                                   const Tokenizer& tokenizer,
                                                   int64_t max_positions) {
  const int32_t eos = tokenizer.eos_id();
  std::vector<std::vector<int32_t>> responses;
  for (int64_t i = 0; i < data.size(); ++i) {
    const Row& row = data.row(i);
    if (row.response.empty())
      throw_error<InputError>("{}: no response to learn (data.response_key is \"{}\")", row.source,
                              config.response_key);
    std::vector<int32_t> tokens;
    try {
      tokens = tokenizer.encode(row.response);
    } catch (const InputError& e) {
      throw_error<InputError>("{}: response: {}", row.source, e.what());
    }
    if (eos >= 0 && tokens.back() != eos) tokens.push_back(eos);
    const size_t length = row.prompt_tokens.size() + tokens.size();
    if (static_cast<int64_t>(length) > max_positions)
      throw_error<InputError>("{}: {} tokens, the model has {} positions", row.source, length,
                              max_positions);
    responses.push_back(std::move(tokens));
  }
  return responses;
}

int64_t num_steps(const SftConfig& config, const Dataset& data) {
  if (config.total_steps > 0) return config.total_steps;
  return std::max<int64_t>(1, config.total_epochs * data.size() / config.data.train_batch_size);
}

StageEnd run_sft(StageContext& context, const SftConfig& config) {
  LoadedModel start =
      config.has_model ? context.own_model(config.model) : context.model(config.init);
  const Samples samples(context.training_data(config.data), start);
  const int64_t steps = num_steps(config, *samples.data()), size = config.data.train_batch_size;
  const PromptStream stream(samples.data(), static_cast<uint64_t>(context.config.run.seed),
                            context.scope(DrawUse::training).stage, config.data.source.shuffle);
  log_info("  {} steps of {} samples out of {}, from {} ({} parameters)", steps, size,
           samples.data()->size(),
           config.has_model ? start.origin : context.model_name(config.init),
           start.store->config().num_parameters());

  TrainingRun run(context, std::move(start), training_config(context, config, steps));
  run.begin();
  while (!run.finished()) {
    std::vector<TrainGroup> batch;
    for (int64_t i = 0; i < size; ++i)
      batch.push_back(samples.group(stream.row_of(run.step() * size + i)));
    const auto update_start = std::chrono::steady_clock::now();
    Metrics metrics = run.learner().update_supervised(batch, run.learning_rate());
    const std::chrono::duration<double> update_time =
        std::chrono::steady_clock::now() - update_start;
    const double tokens = metrics.at("actor/tokens");
    metrics["time/update_s"] = update_time.count();
    metrics["throughput/update_tokens_per_s"] = tokens / update_time.count();
    if (!run.end_step(std::move(metrics), tokens)) return StageEnd::interrupted;
  }
  run.finish();
  return StageEnd::finished;
}

}  // namespace cohort
