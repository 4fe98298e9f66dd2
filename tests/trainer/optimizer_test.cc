#include "kernels/optimizer/optimizer.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "tests/support/thread_ranks.h"
#include "tests/trainer/toy.h"
#include "trainer/zero.h"

namespace cohort {
namespace {

float* data(const at::Tensor& tensor) { return tensor.data_ptr<float>(); }

using toy::values;

const TensorEntry& entry(const ParameterStore& store, const std::string& name) {
  for (const TensorEntry& e : store.tensors()) {
    if (e.name == name) return e;
  }
  throw std::runtime_error("no tensor " + name);
}

TEST(ShardedAdamW, AgreesWithPyTorch) {
  const auto golden = nlohmann::json::parse(
      read_file(std::string(COHORT_SOURCE_DIR) + "/tests/golden/loss/adamw.json"));
  const auto& settings = golden.at("settings");
  ModelConfig config = toy::model_config();
  config.hidden_size = 64;
  ParameterStore store(config, at::kFloat);
  store.enable_gradients(1);
  const auto comm = make_null_communicator();
  ShardedAdamW optimizer(store, *comm,
                         {.weight_decay = settings.at("weight_decay"),
                          .betas = settings.at("betas"),
                          .eps = settings.at("eps"),
                          .grad_clip = settings.at("grad_clip")});
  // The first 64 elements of a decayed and of an exempt tensor are the golden's parameters; the
  // rest is 0.
  const int64_t offsets[2] = {entry(store, "model.embed_tokens.weight").offset,
                              entry(store, "model.norm.weight").offset};
  for (int64_t p = 0; p < 2; ++p) {
    for (int64_t i = 0; i < 64; ++i) {
      data(store.flat())[offsets[p] + i] = static_cast<float>((i * 53 + 7 * p) % 211 - 105) / 256;
    }
  }
  for (int64_t step = 0; step < settings.at("steps").get<int64_t>(); ++step) {
    store.zero_gradients();
    for (int64_t p = 0; p < 2; ++p) {
      for (int64_t i = 0; i < 64; ++i) {
        data(store.grads())[offsets[p] + i] =
            static_cast<float>((i * 37 + step * 101 + p * 11) % 257 - 128) /
            static_cast<float>(256 * (1 + step));
      }
    }
    const auto outcome = optimizer.step(settings.at("lr"), true);
    EXPECT_TRUE(outcome.ticked);
    EXPECT_NEAR(outcome.grad_norm, golden.at("norms")[step], 1e-6);
  }
  for (int64_t p = 0; p < 2; ++p) {
    for (int64_t i = 0; i < 64; ++i) {
      EXPECT_NEAR(data(store.flat())[offsets[p] + i], golden.at("result")[p][i], 2e-6)
          << p << " " << i;
    }
  }
  EXPECT_EQ(optimizer.state().tick, 6);
}

TEST(ShardedAdamW, SlicesCoverTheBufferInBlocksOfTheNorm) {
  run_thread_ranks(4, [](Communicator& comm) {
    ParameterStore store(toy::model_config(), at::kFloat);
    ShardedAdamW optimizer(store, comm, {});
    const std::vector<int64_t>& bounds = optimizer.bounds();
    ASSERT_EQ(bounds.size(), 5u);
    EXPECT_EQ(bounds.front(), 0);
    EXPECT_EQ(bounds.back(), store.numel());
    for (size_t r = 0; r < 4; ++r) {
      EXPECT_EQ(bounds[r] % kernels::kNormBlock, 0);
      EXPECT_LE(bounds[r], bounds[r + 1]);
    }
  });
}

// A gradient of 8 shards whose sums depend on their order; ranks own consecutive shards.
void fill_gradients(const ParameterStore& store, int64_t first_shard) {
  const at::Tensor& grads = store.grads();
  for (int64_t s = 0; s < grads.size(0); ++s) {
    DrawStream draws(
        {.seed = 3, .kind = DrawKind::data, .ordinal = static_cast<uint64_t>(first_shard + s)});
    for (int64_t i = 0; i < grads.size(1); ++i)
      data(grads)[s * grads.size(1) + i] = static_cast<float>(draws.next_normal());
  }
}

std::vector<float> weights_after_two_steps(Communicator& comm, at::ScalarType dtype) {
  toy::Policy policy(toy::model_config(), dtype);
  const int64_t shards = 8 / comm.size();
  policy.store.enable_gradients(shards);
  ShardedAdamW optimizer(policy.store, comm, {.weight_decay = 0.1, .grad_clip = 1.0});
  const auto& state = optimizer.state();
  state.master.copy_(policy.masters.narrow(0, state.begin, state.end - state.begin));
  optimizer.publish();
  for (int step = 0; step < 2; ++step) {
    fill_gradients(policy.store, shards * comm.rank());
    optimizer.step(0.01, true);
  }
  return values(policy.store.flat());
}

TEST(ShardedAdamW, GivesTheSameBitsOnAnyNumberOfRanks) {
  for (at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    const auto alone = make_null_communicator();
    const std::vector<float> expected = weights_after_two_steps(*alone, dtype);
    for (int ranks : {2, 4, 8}) {
      run_thread_ranks(ranks, [&](Communicator& comm) {
        EXPECT_EQ(weights_after_two_steps(comm, dtype), expected)
            << ranks << " ranks, rank " << comm.rank();
      });
    }
  }
}

// The contract is not kept by accident: summing shard after shard and rank after rank gives other
// bits.
TEST(ShardedAdamW, ASumInRankOrderWouldDependOnTheNumberOfRanks) {
  ParameterStore store(toy::model_config(), at::kFloat);
  store.enable_gradients(8);
  fill_gradients(store, 0);
  const int64_t numel = store.numel();
  const auto sum_of = [&](int64_t ranks) {
    std::vector<float> total(numel, 0.0f);
    for (int64_t r = 0; r < ranks; ++r) {
      std::vector<float> node(numel, 0.0f);
      for (int64_t s = r * 8 / ranks; s < (r + 1) * 8 / ranks; ++s) {
        for (int64_t i = 0; i < numel; ++i) node[i] += data(store.grads())[s * numel + i];
      }
      for (int64_t i = 0; i < numel; ++i) total[i] += node[i];
    }
    return total;
  };
  EXPECT_NE(sum_of(1), sum_of(2));
  EXPECT_NE(sum_of(2), sum_of(4));
}

TEST(ShardedAdamW, AGradientThatIsNotFiniteChangesNothing) {
  for (float bad :
       {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    run_thread_ranks(2, [&](Communicator& comm) {
      toy::Policy policy(toy::model_config());
      policy.store.enable_gradients(1);
      ShardedAdamW optimizer(policy.store, comm, {});
      const auto before = values(policy.store.flat());
      policy.store.zero_gradients();
      if (comm.rank() == 0) data(policy.store.grads())[policy.store.numel() - 1] = bad;
      EXPECT_FALSE(optimizer.step(0.1, true).ticked);
      EXPECT_EQ(values(policy.store.flat()), before);
      EXPECT_EQ(optimizer.state().tick, 0);
    });
  }
}

TEST(ShardedAdamW, FrozenMtpWeightsAreNotEvenDecayed) {
  toy::Policy policy(toy::model_config(/*mtp=*/true));
  policy.store.enable_gradients(1);
  const auto comm = make_null_communicator();
  ShardedAdamW optimizer(policy.store, *comm, {.weight_decay = 0.5});
  const auto before = values(policy.store.flat());
  fill_gradients(policy.store, 0);
  optimizer.step(0.1, /*train_mtp=*/false);
  const auto after = values(policy.store.flat());
  int64_t mtp_elements = 0;
  for (const TensorEntry& e : policy.store.tensors()) {
    const bool same = std::equal(before.begin() + e.offset, before.begin() + e.offset + e.numel,
                                 after.begin() + e.offset);
    EXPECT_EQ(same, e.mtp) << e.name;
    mtp_elements += e.mtp ? e.numel : 0;
  }
  EXPECT_GT(mtp_elements, 0);
}

}  // namespace
}  // namespace cohort
