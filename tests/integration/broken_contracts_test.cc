// Each contract broken on purpose, and its check seen to fail: a check that passes with the wrong
// part in place would guard nothing. The sum over ranks is broken in tests/mpi (ReduceScatterTree,
// LearnerMpi) and tests/trainer (Learner).
#include <ATen/ops/equal.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "core/base/rng.h"
#include "core/comm/communicator.h"
#include "kernels/linear/linear.h"

namespace cohort {
namespace {

// One forward pass: a row has the same bits alone, as decode computes it, and in a batch, as
// training does.
bool rows_have_the_same_bits_alone(const std::function<at::Tensor(const at::Tensor&)>& product,
                                   const at::Tensor& x) {
  const at::Tensor batch = product(x);
  for (int64_t i = 0; i < x.size(0); ++i)
    if (!at::equal(product(x.slice(0, i, i + 1)), batch.slice(0, i, i + 1))) return false;
  return true;
}

TEST(BrokenContract, ALibraryGemmOfUnpaddedRowsIsNotOneForwardPass) {
  const at::Tensor x = at::randn({130, 704});
  kernels::Param w;
  w.data = at::randn({256, 704});
  EXPECT_TRUE(rows_have_the_same_bits_alone(
      [&](const at::Tensor& rows) { return kernels::linear(rows, w, nullptr); }, x));
  EXPECT_FALSE(rows_have_the_same_bits_alone(
      [&](const at::Tensor& rows) { return at::linear(rows, w.data); }, x));
}

// The same run on any number of ranks: what two ranks sum is what one rank sums.
using Sum = std::function<float(const std::vector<float>&)>;

float sum_by_tree(const std::vector<float>& parts) {
  std::vector<const float*> leaves;
  for (const float& part : parts) leaves.push_back(&part);
  float sum = 0;
  tree_sum(leaves, {&sum, 1});
  return sum;
}
float sum_in_order(const std::vector<float>& parts) {
  float sum = parts[0];
  for (size_t i = 1; i < parts.size(); ++i) sum += parts[i];
  return sum;
}

bool two_ranks_sum_as_one(const Sum& sum) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  for (int trial = 0; trial < 100; ++trial) {
    std::vector<float> shards(8);
    for (float& shard : shards) shard = normal(random);
    const std::vector<float> lower(shards.begin(), shards.begin() + 4);
    const std::vector<float> upper(shards.begin() + 4, shards.end());
    if (sum({sum(lower), sum(upper)}) != sum(shards)) return false;
  }
  return true;
}

TEST(BrokenContract, ASumInRankOrderIsNotTheSameRun) {
  EXPECT_TRUE(two_ranks_sum_as_one(sum_by_tree));
  EXPECT_FALSE(two_ranks_sum_as_one(sum_in_order));
}

// Sampling: draws depend on what is sampled, not on when, and no two samples share one.
using Draw = std::function<double(const DrawKey&)>;

std::map<uint64_t, std::vector<double>> draws_of(std::vector<uint64_t> ordinals, const Draw& draw) {
  std::map<uint64_t, std::vector<double>> draws;
  for (const uint64_t ordinal : ordinals)
    for (uint64_t seed = 3; seed < 5; ++seed)
      for (uint32_t stage = 1; stage < 3; ++stage)
        for (const DrawKind kind : {DrawKind::sample, DrawKind::shuffle})
          for (uint32_t sample = 0; sample < 2; ++sample)
            for (uint32_t position = 0; position < 8; ++position)
              draws[ordinal].push_back(draw({.seed = seed,
                                             .stage = stage,
                                             .kind = kind,
                                             .ordinal = ordinal,
                                             .sample = sample,
                                             .position = position}));
  return draws;
}
bool order_changes_nothing(const Draw& draw) {
  return draws_of({1, 2, 3}, draw) == draws_of({3, 1, 2}, draw);
}
bool no_draw_is_shared(const Draw& draw) {
  std::set<double> values;
  size_t count = 0;
  for (const auto& [ordinal, draws] : draws_of({1, 2, 3}, draw)) {
    values.insert(draws.begin(), draws.end());
    count += draws.size();
  }
  return values.size() == count;
}

TEST(BrokenContract, AForgottenPartOfTheGeneratorKeyIsSeen) {
  EXPECT_TRUE(order_changes_nothing(draw_uniform));
  EXPECT_TRUE(no_draw_is_shared(draw_uniform));

  std::mt19937_64 generator(3);
  EXPECT_FALSE(order_changes_nothing([&](const DrawKey&) {
    return std::uniform_real_distribution<double>()(generator);
  })) << "a generator that counts its calls";
  const auto forgets = [](auto part) {
    return [=](DrawKey key) {
      key.*part = {};
      return draw_uniform(key);
    };
  };
  EXPECT_FALSE(no_draw_is_shared(forgets(&DrawKey::seed)));
  EXPECT_FALSE(no_draw_is_shared(forgets(&DrawKey::stage)));
  EXPECT_FALSE(no_draw_is_shared(forgets(&DrawKey::kind)));
  EXPECT_FALSE(no_draw_is_shared(forgets(&DrawKey::ordinal)));
  EXPECT_FALSE(no_draw_is_shared(forgets(&DrawKey::sample)));
  EXPECT_FALSE(no_draw_is_shared(forgets(&DrawKey::position)));
}

}  // namespace
}  // namespace cohort
