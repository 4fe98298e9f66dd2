#include "trainer/learner.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <bit>

#include "core/base/error.h"
#include "trainer/objective.h"
#include "trainer/passes.h"
#include "trainer/router_bias.h"
#include "trainer/zero.h"

namespace cohort {

// Local nodes and ranks form one binary tree only when both are powers of two.
int64_t local_shards(int64_t dp_shards, int64_t num_ranks) {
  if (dp_shards < 1 || !std::has_single_bit(static_cast<uint64_t>(dp_shards))) {
    throw_error<ConfigError>("run.dp_shards is {}, expected a power of two", dp_shards);
  }
  const auto ranks = static_cast<uint64_t>(num_ranks);
  if (!std::has_single_bit(ranks) || num_ranks > dp_shards) {
    const auto below = static_cast<int64_t>(std::bit_floor(ranks)), above = 2 * below;
    const int64_t nearest = above - num_ranks < num_ranks - below ? above : below;
    throw_error<ConfigError>(
        "{} ranks: the number of ranks must be a power of two that divides run.dp_shards = {}; the "
        "nearest is {}",
        num_ranks, dp_shards, std::min(dp_shards, nearest));
  }
  return dp_shards / num_ranks;
}

struct Learner::Impl {
  Decoder& decoder;
  ParameterStore& store;
  Communicator& comm;
  LearnerConfig config;
  int64_t num_local_shards, first_shard;
  bool has_mtp;
  ShardedAdamW optimizer;
  at::Tensor load;  // [MoE layers, E] int64: choices by trained tokens in this update

  Impl(Decoder& decoder_, Communicator& comm_, const LearnerConfig& config_,
       const OptimConfig& optim)
      : decoder(decoder_),
        store(decoder_.store()),
        comm(comm_),
        config(config_),
        num_local_shards(local_shards(config_.dp_shards, comm_.size())),
        first_shard(num_local_shards * comm_.rank()),
        has_mtp(decoder_.config().num_nextn_predict_layers > 0 && config_.mtp_loss_weight > 0),
        optimizer(store, comm_, optim) {
    store.enable_gradients(num_local_shards, has_mtp);
    const ModelConfig& model = decoder.config();
    if (config.num_valid_tokens == 0) config.num_valid_tokens = model.vocab_size;
    if (model.num_moe_layers() > 0)
      load = at::zeros({model.num_moe_layers(), model.n_routed_experts}, at::kLong);
  }
  ~Impl() { store.enable_gradients(0); }

  struct Updated {
    RecordSums sums;
    StepMetrics metrics;  // that every kind of update has
  };
  Updated update(const std::vector<TrainGroup>& groups, const BatchCounts& counts,
                 const Objective& objective, double lr);
  RecordSums run(const std::vector<TrainGroup>& groups, const BatchCounts& counts,
                 const Objective& objective);
  void run_micro_batch(const MicroBatch& batch, const std::vector<TrainGroup>& groups,
                       const BatchCounts& counts, const Objective& objective, RecordTable& records);
};

// One optimizer tick: gradients of every micro-batch, their sum over shards and ranks, AdamW,
// router bias.
Learner::Impl::Updated Learner::Impl::update(const std::vector<TrainGroup>& groups,
                                             const BatchCounts& counts, const Objective& objective,
                                             double lr) {
  const at::AutoGradMode grad_mode(true);
  const auto shards = deal_to_shards(groups, config.dp_shards);
  std::vector<uint8_t> used;
  for (int64_t s = 0; s < num_local_shards; ++s)
    used.push_back(!shards[static_cast<size_t>(first_shard + s)].empty());
  store.zero_gradients(used);
  if (load.defined()) load.zero_();
  const RecordSums sums = run(groups, counts, objective);
  if (load.defined()) {
    comm.all_reduce_sum({load.data_ptr<int64_t>(), static_cast<size_t>(load.numel())},
                        "expert load");
  }
  ShardedAdamW::Outcome outcome;
  const bool empty = counts.loss.tokens == 0;
  if (!empty) outcome = optimizer.step(lr, objective.mtp_weight > 0);
  if (outcome.ticked) update_router_bias(store, load, config.router_bias_update_speed);

  StepMetrics metrics;
  const auto tokens = static_cast<double>(std::max<int64_t>(1, sums.tokens));
  metrics["loss/nll"] = sums.nll / tokens;
  if (objective.mtp_weight > 0) {
    metrics["loss/mtp"] =
        sums.mtp_nll / static_cast<double>(std::max<int64_t>(1, counts.mtp_tokens));
  }
  metrics["actor/tokens"] = static_cast<double>(sums.tokens);
  metrics["actor/sequences"] = static_cast<double>(sums.sequences);
  metrics["actor/lr"] = lr;
  metrics["actor/grad_norm"] = outcome.grad_norm;
  metrics["actor/skipped_empty"] = empty;
  metrics["actor/skipped_non_finite"] = !empty && !outcome.ticked;
  if (load.defined()) metrics["actor/expert_load_max_over_mean"] = expert_load_max_over_mean(load);
  return {sums, metrics};
}

// Forward, and backward when grad mode is on, of this rank's shards; records of all ranks.
RecordSums Learner::Impl::run(const std::vector<TrainGroup>& groups, const BatchCounts& counts,
                              const Objective& objective) {
  const auto shards = deal_to_shards(groups, config.dp_shards);
  const PackOptions options{.max_tokens = config.max_tokens_per_micro_batch,
                            .linear = objective.mtp_weight > 0};
  RecordTable records = empty_records(groups);
  for (const MicroBatch& batch : pack(groups, shards, first_shard, num_local_shards, options)) {
    comm.heartbeat("update");
    run_micro_batch(batch, groups, counts, objective, records);
  }
  gather_records(comm, shards, records);
  return sum_records(records);
}

void Learner::Impl::run_micro_batch(const MicroBatch& batch, const std::vector<TrainGroup>& groups,
                                    const BatchCounts& counts, const Objective& objective,
                                    RecordTable& records) {
  const bool train = at::GradMode::is_enabled();
  DecoderInput input = batch.input;
  kernels::BalanceLoss balance{
      .sequence_offsets = batch.sequence_offsets, .coef = {}, .loss = nullptr};
  if (train) {
    input.load = load;
    input.recompute_layers = config.activation_checkpointing;
    const double coef = config.aux_loss_alpha / static_cast<double>(counts.loss.sequences);
    for (uint8_t counted : batch.sequence_counts)
      balance.coef.push_back(static_cast<float>(counted * coef));
    if (config.aux_loss_alpha > 0) input.balance = &balance;
  }
  if (load.defined() && has_expert_sets(groups, batch))
    input.expert_sets = at::empty({load.size(0), input.tokens.size(0)}, at::kShort);
  BackwardRoots roots;
  const at::Tensor hidden = decoder.hidden(input);
  apply_loss(objective, groups, batch,
             predict(decoder, hidden, batch.predictions, batch.prediction_shards,
                     objective.temperature, config.num_valid_tokens),
             records, roots);
  if (input.expert_sets.defined()) compare_expert_sets(groups, batch, input.expert_sets, records);
  if (objective.mtp_weight > 0 && !batch.mtp_predictions.empty()) {
    apply_mtp_loss(
        objective, counts, batch,
        predict(decoder, decoder.mtp_hidden(input, hidden, batch.next_tokens),
                batch.mtp_predictions, batch.mtp_prediction_shards, 1.0, config.num_valid_tokens),
        records, roots);
  }
  if (train) torch::autograd::backward(roots.outputs, roots.gradients);
}

Learner::Learner(Decoder& decoder, Communicator& comm, const LearnerConfig& config,
                 const OptimConfig& optim)
    : impl_(std::make_unique<Impl>(decoder, comm, config, optim)) {}
Learner::~Learner() = default;

StepMetrics Learner::update_policy(const std::vector<TrainGroup>& groups,
                                   const PolicyLossConfig& loss, double lr) {
  const BatchCounts counts = count_batch(groups, loss.loss_scale_factor);
  const double mtp_weight =
      impl_->has_mtp && impl_->config.train_mtp ? impl_->config.mtp_loss_weight : 0.0;
  auto [sums, metrics] =
      impl_->update(groups, counts, policy_objective(loss, counts, mtp_weight), lr);
  const auto tokens = static_cast<double>(std::max<int64_t>(1, sums.tokens));
  metrics.erase("loss/nll");
  metrics["loss/policy"] = sums.loss.policy;
  metrics["loss/kl"] = sums.loss.kl;
  metrics["loss/entropy"] = sums.loss.entropy;
  metrics["actor/kl"] = sums.loss.kl_sum / tokens;
  metrics["actor/entropy"] = sums.loss.entropy_sum / tokens;
  metrics["actor/ratio_mean"] = sums.loss.ratio_sum / tokens;
  metrics["actor/ratio_max"] = sums.loss.ratio_max;
  metrics["actor/clip_frac_high"] = static_cast<double>(sums.loss.clipped_high) / tokens;
  metrics["actor/clip_frac_low"] = static_cast<double>(sums.loss.clipped_low) / tokens;
  metrics["actor/clip_frac_dual"] = static_cast<double>(sums.loss.clipped_dual) / tokens;
  const Mismatch& mismatch = sums.mismatch;
  const auto mean = [](double sum, int64_t count) { return sum / static_cast<double>(count); };
  metrics["logprob_abs_diff_max"] = mismatch.diff_max;
  if (mismatch.tokens > 0) {
    metrics["mismatch/logprob_abs_diff_mean"] = mean(mismatch.diff_sum, mismatch.tokens);
    metrics["mismatch/kl_to_training"] = mean(mismatch.k3_sum, mismatch.tokens);
  }
  if (mismatch.expert_sets > 0)
    metrics["mismatch/expert_sets_differ"] =
        mean(static_cast<double>(mismatch.expert_sets_differ), mismatch.expert_sets);
  return metrics;
}

StepMetrics Learner::update_supervised(const std::vector<TrainGroup>& groups, double lr) {
  const BatchCounts counts = count_batch(groups, 0);
  const double mtp_weight = impl_->has_mtp ? impl_->config.mtp_loss_weight : 0.0;
  return impl_->update(groups, counts, supervised_objective(counts, mtp_weight), lr).metrics;
}

double Learner::supervised_loss(const std::vector<TrainGroup>& groups) {
  const at::NoGradGuard no_grad;
  const BatchCounts counts = count_batch(groups, 0);
  const RecordSums sums = impl_->run(groups, counts, supervised_objective(counts, 0.0));
  return sums.nll / static_cast<double>(std::max<int64_t>(1, sums.tokens));
}

void Learner::add_reference_logprobs(Decoder& reference, std::vector<TrainGroup>& groups,
                                     double temperature) {
  const at::NoGradGuard no_grad;
  Communicator& comm = impl_->comm;
  const auto shards = deal_to_shards(groups, impl_->config.dp_shards);
  for (TrainGroup& group : groups) {
    for (TrainSample& sample : group.samples)
      sample.reference_logprob.assign(sample.tokens.size(), 0.0f);
  }
  for (const MicroBatch& batch :
       pack(groups, shards, impl_->first_shard, impl_->num_local_shards,
            {.max_tokens = impl_->config.max_tokens_per_micro_batch, .linear = false})) {
    comm.heartbeat("reference log-probs");
    const Predicted predicted =
        predict(reference, reference.hidden(batch.input), batch.predictions,
                batch.prediction_shards, temperature, impl_->config.num_valid_tokens);
    const at::Tensor host_logprob = predicted.logprob.cpu();
    const float* logprob = host_logprob.const_data_ptr<float>();
    for (const Prediction& p : batch.predictions) {
      groups[p.group].samples[p.sample].reference_logprob[p.position] = *logprob++;
    }
  }
  gather_reference_logprobs(comm, shards, groups);
}

Learner::State& Learner::state() { return impl_->optimizer.state(); }
void Learner::publish_masters() { impl_->optimizer.publish(); }
const std::vector<int64_t>& Learner::slice_bounds() const { return impl_->optimizer.bounds(); }

}  // namespace cohort
