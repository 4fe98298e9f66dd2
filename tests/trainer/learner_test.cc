#include "trainer/learner.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/base/error.h"
#include "tests/support/error_text.h"
#include "tests/support/thread_ranks.h"
#include "tests/trainer/toy.h"

namespace cohort {
namespace {

using toy::values;

// The gradient of the last update, summed over its shards.
std::vector<float> gradient(const ParameterStore& store) {
  std::vector<const float*> shards;
  for (int64_t s = 0; s < store.grads().size(0); ++s) {
    shards.push_back(store.grads().data_ptr<float>() + s * store.numel());
  }
  std::vector<float> sum(store.numel());
  tree_sum(shards, sum);
  return sum;
}

double norm(const std::vector<float>& x) {
  double sum = 0;
  for (float v : x) sum += static_cast<double>(v) * v;
  return std::sqrt(sum);
}

double relative_difference(std::vector<float> a, const std::vector<float>& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return norm(a) / norm(b);
}

// A policy, a learner on one rank, and a batch that is a little off-policy. Its log-probs are
// computed in another layout than the update's: one shard, one pass.
struct Bench {
  explicit Bench(const LearnerConfig& config, const OptimConfig& optim = {},
                 int64_t num_groups = 12, bool fixed = false, double noise = 0.3,
                 int64_t experts_per_token = 2)
      : policy(model_config(config.mtp_loss_weight > 0, experts_per_token)),
        comm(make_null_communicator()),
        groups(toy::make_groups(num_groups, fixed)) {
    {
      Learner other(*policy.decoder, *comm, {.dp_shards = 1}, {});
      toy::add_old_logprobs(other, *policy.decoder, groups, noise);
    }
    learner_.emplace(*policy.decoder, *comm, config, optim);
  }
  static ModelConfig model_config(bool mtp, int64_t experts_per_token) {
    ModelConfig config = toy::model_config(mtp);
    config.num_experts_per_tok = experts_per_token;
    return config;
  }
  toy::Policy policy;
  std::unique_ptr<Communicator> comm;
  std::vector<TrainGroup> groups;
  std::optional<Learner> learner_;
  Learner& learner() { return *learner_; }
};

TEST(UpdatePolicy, OwnLogprobsGiveRatioOneWhateverTheMicroBatch) {
  for (int64_t max_tokens : {0, 8, 30}) {
    Bench bench({.dp_shards = 4, .max_tokens_per_micro_batch = max_tokens}, {}, 12, false, 0.0);
    StepMetrics metrics = bench.learner().update_policy(bench.groups, {}, 1e-3);
    EXPECT_EQ(metrics.at("logprob_abs_diff_max"), 0.0) << max_tokens;
    EXPECT_EQ(metrics.at("actor/ratio_mean"), 1.0) << max_tokens;
    EXPECT_EQ(metrics.at("actor/ratio_max"), 1.0) << max_tokens;
    EXPECT_EQ(metrics.at("actor/kl"), 0.0) << max_tokens;
    metrics = bench.learner().update_policy(bench.groups, {}, 1e-3);
    EXPECT_GT(metrics.at("logprob_abs_diff_max"), 0.0) << "the first update changed nothing";
  }
}

TEST(UpdatePolicy, SaysHowTrainingDiffersFromTheRollout) {
  Bench bench({.dp_shards = 4}, {}, 12, false, 0.0);
  bench.groups[1].samples[0].carried = true;
  DrawStream draws({.seed = 4, .kind = DrawKind::data});
  double largest = 0, sum = 0, k3 = 0, tokens = 0;
  for (TrainGroup& group : bench.groups) {
    for (TrainSample& sample : group.samples) {
      for (size_t t = 0; t < sample.tokens.size(); ++t) {
        const float trained = sample.old_logprob[t];
        sample.old_logprob[t] += static_cast<float>(0.3 * draws.next_normal());
        if (!sample.mask[t] || sample.carried) continue;
        const double d = static_cast<double>(trained) - sample.old_logprob[t];
        largest = std::max(largest, std::abs(d));
        sum += std::abs(d);
        k3 += std::exp(d) - 1 - d;
        tokens += 1;
      }
    }
  }
  const StepMetrics metrics = bench.learner().update_policy(bench.groups, {}, 1e-3);
  EXPECT_EQ(metrics.at("logprob_abs_diff_max"), largest);
  EXPECT_NEAR(metrics.at("mismatch/logprob_abs_diff_mean"), sum / tokens, 1e-9);
  EXPECT_NEAR(metrics.at("mismatch/kl_to_training"), k3 / tokens, 1e-9);
  EXPECT_FALSE(metrics.contains("mismatch/expert_sets_differ"));
}

TEST(UpdatePolicy, GradientDoesNotDependOnMicroBatchSize) {
  // A group has 4 prompt rows and 4 samples of 5: 24 rows.
  std::vector<float> whole;
  StepMetrics whole_metrics;
  for (int64_t groups_in_part : {0, 8, 3, 1}) {
    Bench bench({.dp_shards = 1, .max_tokens_per_micro_batch = 24 * groups_in_part}, {}, 12,
                /*fixed=*/true);
    const StepMetrics metrics = bench.learner().update_policy(bench.groups, toy::full_loss(), 1e-3);
    if (groups_in_part == 0) {
      whole = gradient(bench.policy.store);
      whole_metrics = metrics;
      continue;
    }
    EXPECT_LT(relative_difference(gradient(bench.policy.store), whole), 1e-6) << groups_in_part;
    EXPECT_EQ(metrics.at("loss/policy"), whole_metrics.at("loss/policy"));
    EXPECT_EQ(metrics.at("loss/kl"), whole_metrics.at("loss/kl"));
  }
}

TEST(UpdatePolicy, ASplitGroupGivesTheSameGradient) {
  Bench whole({.dp_shards = 2}), split({.dp_shards = 2, .max_tokens_per_micro_batch = 9});
  const StepMetrics expected = whole.learner().update_policy(whole.groups, toy::full_loss(), 1e-3);
  const StepMetrics metrics = split.learner().update_policy(split.groups, toy::full_loss(), 1e-3);
  EXPECT_LT(relative_difference(gradient(split.policy.store), gradient(whole.policy.store)), 1e-6);
  for (const char* name : {"loss/policy", "loss/kl", "loss/entropy", "actor/ratio_max",
                           "actor/expert_load_max_over_mean"}) {
    EXPECT_EQ(metrics.at(name), expected.at(name)) << name;
  }
}

TEST(UpdatePolicy, ActivationCheckpointingChangesNoBit) {
  LearnerConfig config{
      .dp_shards = 2, .aux_loss_alpha = 0.1, .mtp_loss_weight = 0.3, .train_mtp = true};
  Bench plain(config);
  config.activation_checkpointing = true;
  Bench recomputed(config);
  const StepMetrics expected = plain.learner().update_policy(plain.groups, toy::full_loss(), 1e-3);
  const StepMetrics metrics =
      recomputed.learner().update_policy(recomputed.groups, toy::full_loss(), 1e-3);
  EXPECT_EQ(metrics, expected);
  EXPECT_EQ(gradient(recomputed.policy.store), gradient(plain.policy.store));
}

// Every expert is chosen, or the loss would jump where a choice changes.
constexpr int64_t kAllExperts = 8;

// (L(w + h u) - L(w - h u)) / 2h = |g| along u = g / |g|.
template <class Loss>
double slope_along(toy::Policy& policy, const std::vector<float>& g, double h, const Loss& loss) {
  const std::vector<float> start = values(policy.store.flat());
  const double length = norm(g);
  const auto loss_at = [&](double step) {
    float* w = policy.store.flat().data_ptr<float>();
    for (size_t i = 0; i < g.size(); ++i)
      w[i] = static_cast<float>(start[i] + step * g[i] / length);
    policy.store.touch();
    return loss();
  };
  const double slope = (loss_at(h) - loss_at(-h)) / (2 * h);
  loss_at(0);
  return slope;
}

TEST(UpdatePolicy, GradientIsTheSlopeOfTheLossItReports) {
  for (const char* mode : {"token-mean", "seq-mean-token-mean", "prompt-mean"}) {
    Bench bench({.dp_shards = 4}, {}, 12, false, 0.05, kAllExperts);
    PolicyLossConfig loss = toy::full_loss();
    loss.loss_agg_mode = mode;
    bench.learner().update_policy(bench.groups, loss, 0.0);
    const std::vector<float> g = gradient(bench.policy.store);
    const double slope = slope_along(bench.policy, g, 2e-3, [&] {
      const StepMetrics m = bench.learner().update_policy(bench.groups, loss, 0.0);
      return m.at("loss/policy") + m.at("loss/kl") + m.at("loss/entropy");
    });
    EXPECT_NEAR(slope / norm(g), 1.0, 0.01) << mode;
  }
}

TEST(UpdateSupervised, GradientIsTheSlopeOfTheLoss) {
  Bench bench({.dp_shards = 4}, {}, 12, false, 0.0, kAllExperts);
  const StepMetrics metrics = bench.learner().update_supervised(bench.groups, 0.0);
  EXPECT_EQ(metrics.at("loss/nll"), bench.learner().supervised_loss(bench.groups));
  const std::vector<float> g = gradient(bench.policy.store);
  EXPECT_NEAR(metrics.at("actor/grad_norm") / norm(g), 1.0, 1e-6);
  const double slope = slope_along(bench.policy, g, 5e-3,
                                   [&] { return bench.learner().supervised_loss(bench.groups); });
  EXPECT_NEAR(slope / norm(g), 1.0, 0.01);
}

TEST(UpdateSupervised, LearnsABatchByHeart) {
  Bench bench({.dp_shards = 2}, {}, 6);
  const double before = bench.learner().supervised_loss(bench.groups);
  for (int step = 0; step < 40; ++step) bench.learner().update_supervised(bench.groups, 0.01);
  EXPECT_LT(bench.learner().supervised_loss(bench.groups), before / 4);
}

TEST(Learner, GivesTheSameBitsOnAnyNumberOfRanks) {
  for (at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    const auto alone = make_null_communicator();
    const toy::RunResult expected = toy::train_a_little(*alone, dtype);
    for (int ranks : {2, 4}) {
      run_thread_ranks(ranks, [&](Communicator& comm) {
        const toy::RunResult result = toy::train_a_little(comm, dtype);
        EXPECT_EQ(result.weights, expected.weights)
            << at::toString(dtype) << ", " << ranks << " ranks";
        EXPECT_EQ(result.metrics, expected.metrics)
            << at::toString(dtype) << ", " << ranks << " ranks";
      });
    }
  }
}

// What the tree is for: the shards' gradients added in rank order have other bits on 2 ranks than
// on 4.
TEST(Learner, ASumInRankOrderWouldGiveOtherBits) {
  Bench bench({.dp_shards = 8}, {}, 20);
  bench.learner().update_policy(bench.groups, toy::full_loss(), 1e-3);
  const at::Tensor& grads = bench.policy.store.grads();
  const int64_t numel = grads.size(1);
  const auto in_rank_order = [&](int64_t ranks) {
    std::vector<float> total(numel, 0.0f);
    for (int64_t r = 0; r < ranks; ++r) {
      std::vector<const float*> local;
      for (int64_t s = r * 8 / ranks; s < (r + 1) * 8 / ranks; ++s)
        local.push_back(grads.data_ptr<float>() + s * numel);
      std::vector<float> node(numel);
      tree_sum(local, node);
      for (int64_t i = 0; i < numel; ++i) total[i] += node[i];
    }
    return total;
  };
  EXPECT_EQ(in_rank_order(2), gradient(bench.policy.store));
  EXPECT_NE(in_rank_order(4), gradient(bench.policy.store));
}

TEST(Learner, RefusesRanksThatDoNotDivideTheShards) {
  run_thread_ranks(3, [](Communicator& comm) {
    toy::Policy policy(toy::model_config());
    EXPECT_THROW(Learner(*policy.decoder, comm, {}, {}), ConfigError);
  });
  toy::Policy policy(toy::model_config());
  const auto comm = make_null_communicator();
  EXPECT_THROW(Learner(*policy.decoder, *comm, {.dp_shards = 6}, {}), ConfigError);
}

TEST(Learner, NamesTheNearestNumberOfRanksThatWouldDo) {
  const std::vector<std::pair<int64_t, std::string>> nearest = {{3, "2"}, {5, "4"},  {6, "4"},
                                                                {7, "8"}, {12, "8"}, {100, "8"}};
  for (const auto& [ranks, wanted] : nearest)
    EXPECT_TRUE(error_text<ConfigError>([&, n = ranks] {
                  local_shards(8, n);
                }).ends_with("the nearest is " + wanted))
        << ranks;
}

TEST(Learner, ABatchWithNothingToLearnMakesNoTick) {
  Bench bench({});
  for (TrainGroup& group : bench.groups) {
    for (TrainSample& sample : group.samples)
      std::fill(sample.mask.begin(), sample.mask.end(), uint8_t{0});
  }
  const auto before = values(bench.policy.store.flat());
  const StepMetrics metrics = bench.learner().update_policy(bench.groups, {}, 0.1);
  EXPECT_EQ(metrics.at("actor/skipped_empty"), 1.0);
  EXPECT_EQ(metrics.at("actor/tokens"), 0.0);
  EXPECT_EQ(bench.learner().state().tick, 0);
  EXPECT_EQ(values(bench.policy.store.flat()), before);
}

TEST(Learner, AStepThatIsNotFiniteIsSkippedAndCounted) {
  Bench bench({.router_bias_update_speed = 0.1});
  for (TrainSample& sample : bench.groups[3].samples) {
    std::fill(sample.mask.begin(), sample.mask.end(), uint8_t{1});
    std::fill(sample.old_logprob.begin(), sample.old_logprob.end(),
              std::numeric_limits<float>::quiet_NaN());
  }
  const auto before = values(bench.policy.store.flat());
  const StepMetrics metrics = bench.learner().update_policy(bench.groups, {}, 0.1);
  EXPECT_EQ(metrics.at("actor/skipped_non_finite"), 1.0);
  EXPECT_TRUE(std::isnan(metrics.at("logprob_abs_diff_max")));
  EXPECT_EQ(bench.learner().state().tick, 0);
  EXPECT_EQ(values(bench.policy.store.flat()), before);
  for (const auto& [name, bias] : bench.policy.store.buffers()) {
    for (float b : values(bias)) EXPECT_EQ(b, 0.0f) << name;
  }
}

TEST(Learner, RouterBiasMovesBySpeedTowardsBalance) {
  Bench bench({.router_bias_update_speed = 0.125});
  const StepMetrics metrics = bench.learner().update_supervised(bench.groups, 1e-3);
  EXPECT_GT(metrics.at("actor/expert_load_max_over_mean"), 1.0);
  ASSERT_FALSE(bench.policy.store.buffers().empty());
  for (const auto& [name, bias] : bench.policy.store.buffers()) {
    int up = 0, down = 0;
    for (float b : values(bias)) {
      EXPECT_TRUE(b == 0.125f || b == -0.125f || b == 0.0f) << name << " " << b;
      up += b > 0;
      down += b < 0;
    }
    EXPECT_GT(up, 0) << name;
    EXPECT_GT(down, 0) << name;
  }
  Bench still({});
  still.learner().update_supervised(still.groups, 1e-3);
  for (const auto& [name, bias] : still.policy.store.buffers()) {
    for (float b : values(bias)) EXPECT_EQ(b, 0.0f) << name;
  }
}

TEST(Mtp, IsLearntInSupervisedUpdatesAndFrozenInPolicyUpdates) {
  Bench bench({.dp_shards = 2, .mtp_loss_weight = 0.3}, {}, 6);
  const auto mtp_weights = [&] {
    std::vector<float> weights;
    for (const TensorEntry& e : bench.policy.store.tensors()) {
      if (!e.mtp) continue;
      const auto more = values(bench.policy.store.tensor(e.name));
      weights.insert(weights.end(), more.begin(), more.end());
    }
    return weights;
  };
  const auto start = mtp_weights();
  ASSERT_FALSE(start.empty());
  EXPECT_EQ(bench.learner().update_policy(bench.groups, {}, 0.01).count("loss/mtp"), 0u);
  EXPECT_EQ(mtp_weights(), start);
  const double first = bench.learner().update_supervised(bench.groups, 0.01).at("loss/mtp");
  EXPECT_NE(mtp_weights(), start);
  for (int step = 0; step < 30; ++step) bench.learner().update_supervised(bench.groups, 0.01);
  EXPECT_LT(bench.learner().update_supervised(bench.groups, 0.01).at("loss/mtp"), first / 2);
}

TEST(Mtp, IsTrainedByPolicyUpdatesWhenConfigured) {
  Bench plain({.dp_shards = 2}), mtp({.dp_shards = 2, .mtp_loss_weight = 0.3, .train_mtp = true});
  mtp.groups = plain.groups;
  const StepMetrics expected = plain.learner().update_policy(plain.groups, toy::full_loss(), 0.0);
  const StepMetrics metrics = mtp.learner().update_policy(mtp.groups, toy::full_loss(), 0.0);
  EXPECT_GT(metrics.at("loss/mtp"), 0.0);
  EXPECT_GT(metrics.at("actor/grad_norm"), 0.0);
  EXPECT_EQ(metrics.at("loss/policy"), expected.at("loss/policy"))
      << "rows of its own for a prompt change no bit";
}

TEST(BalanceLoss, ChangesTheGradientAndNotTheMicroBatchInvariance) {
  Bench without({.dp_shards = 2}), with({.dp_shards = 2, .aux_loss_alpha = 1.0}),
      split({.dp_shards = 2, .max_tokens_per_micro_batch = 9, .aux_loss_alpha = 1.0});
  for (Bench* bench : {&without, &with, &split})
    bench->learner().update_supervised(bench->groups, 1e-3);
  EXPECT_GT(relative_difference(gradient(with.policy.store), gradient(without.policy.store)), 1e-3);
  EXPECT_LT(relative_difference(gradient(split.policy.store), gradient(with.policy.store)), 1e-6);
}

}  // namespace
}  // namespace cohort
