// Learner: an update of the sharded weights from a batch of groups. Owns gradients, masters and
// moments (ZeRO-1: this rank's slice), and the one place where gradients are summed over
// micro-batches, shards and ranks.
//
// Order of every sum (docs/numerics.md): rows of a shard in order, micro-batches in sequence,
// shards and ranks by the fixed binary tree. All denominators are global counts known before the
// first micro-batch.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/comm/communicator.h"
#include "core/config/fields.h"
#include "model/decoder.h"
#include "trainer/batch.h"

namespace cohort {

struct OptimConfig {
  double lr = 1e-6;
  double weight_decay = 0.0;
  std::vector<double> betas = {0.9, 0.95};
  double eps = 1e-8;
  double grad_clip = 1.0;                      // global norm; 0: none
  std::string lr_scheduler_type = "constant";  // constant, linear, cosine
  int64_t lr_warmup_steps = 0;
  double min_lr_ratio = 0.0;  // of lr, at the end of linear and cosine
  void describe(Fields& f);
};
// Learning rate of step t (from 1) of `total` steps.
double scheduled_lr(const OptimConfig& config, int64_t step, int64_t total);

struct PolicyLossConfig {
  std::string loss_mode = "vanilla";  // vanilla, gspo, cispo
  double clip_ratio_low = 0.2, clip_ratio_high = 0.2;
  double clip_ratio_c = 0.0;  // dual clip; 0: none
  std::string loss_agg_mode = "seq-mean-token-mean";
  int64_t loss_scale_factor = 0;  // L of seq-mean-token-sum-norm; 0: response_length
  bool use_kl_loss = true;
  double kl_loss_coef = 0.001;
  std::string kl_loss_type = "k3";  // k1, k2, k3, k3+
  double entropy_coeff = 0.0;
  double temperature = 1.0;  // set by the stage from rollout.temperature, not a key
  // The loss has a KL term, and so needs log-probs of the reference.
  bool has_kl() const { return use_kl_loss && kl_loss_coef > 0; }
  void describe(Fields& f);
};

struct LearnerConfig {
  int64_t dp_shards = 8;
  int64_t num_valid_tokens =
      0;  // ids the tokenizer knows; the rest is masked. 0: all of vocab_size
  int64_t max_tokens_per_micro_batch = 0;  // rows a shard; 0: no bound
  bool activation_checkpointing = false;
  double router_bias_update_speed = 0.0;  // gamma; 0 in grpo
  double aux_loss_alpha = 0.0;
  double mtp_loss_weight = 0.0;  // lambda; sft only unless train_mtp
  bool train_mtp = false;
};

// Shards of a rank. Throws ConfigError when this number of ranks cannot share them.
int64_t local_shards(int64_t dp_shards, int64_t num_ranks);

// Sums and counts over the whole batch, the same bits on every rank and number of ranks.
using StepMetrics = std::map<std::string, double>;

class Learner {
 public:
  Learner(Decoder& decoder, Communicator& comm, const LearnerConfig& config,
          const OptimConfig& optim);
  ~Learner();

  // Fills reference_logprob of every sample from `reference` (no gradient; the layout of the
  // update).
  void add_reference_logprobs(Decoder& reference, std::vector<TrainGroup>& groups,
                              double temperature);

  // One optimizer tick on the policy loss over `groups` (all ranks pass the same). Returns
  // loss/..., actor/... metrics; "logprob_abs_diff_max" is max |trained - old| before this tick,
  // and mismatch/... says more of it (Mismatch), where there are tokens to say it of.
  StepMetrics update_policy(const std::vector<TrainGroup>& groups, const PolicyLossConfig& loss,
                            double lr);
  // Mean cross-entropy over the masked tokens, plus MTP and balance terms.
  StepMetrics update_supervised(const std::vector<TrainGroup>& groups, double lr);
  // Mean cross-entropy without an update.
  double supervised_loss(const std::vector<TrainGroup>& groups);

  // Optimizer state of this rank's slice [begin(), end()) of the flat buffer, for checkpoints and
  // digests.
  struct State {
    int64_t begin = 0, end = 0;
    at::Tensor master, m, v;  // fp32 [end - begin]; master is the weights' own slice in fp32 runs
    int64_t tick = 0;         // optimizer steps taken
  };
  State& state();
  // After state().master was written (initial weights, resume): weights = round(gathered masters).
  void publish_masters();
  // Bounds of every rank's slice, ranks + 1 entries, multiples of kNormBlock but for the last.
  const std::vector<int64_t>& slice_bounds() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cohort
