#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <thread>

#include "core/base/error.h"
#include "core/base/rng.h"
#include "tests/mpi/world.h"

namespace cohort {
namespace {

using Bytes = std::vector<std::byte>;

// What rank `from` sends to rank `to`.
Bytes payload(int from, int to, size_t size) {
  Bytes out(size);
  for (size_t i = 0; i < size; ++i)
    out[i] =
        static_cast<std::byte>(31 * static_cast<size_t>(from) + 7 * static_cast<size_t>(to) + i);
  return out;
}

TEST(MpiCommunicator, KnowsItsPlace) {
  EXPECT_STREQ(world().kind(), "mpi");
  EXPECT_GT(world().size(), 1);
  EXPECT_LT(world().rank(), world().size());
}

TEST(MpiCommunicator, ABarrierHoldsEveryRank) {
  const auto begin = std::chrono::steady_clock::now();
  if (world().rank() == world().size() - 1)
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  world().barrier("wait for the last");
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(295));
  for (int i = 0; i < 200; ++i) world().barrier("many");
}

TEST(MpiCommunicator, BroadcastsFromEveryRoot) {
  for (int root = 0; root < world().size(); ++root) {
    for (const size_t size : {size_t{0}, size_t{1}, size_t{100'000}}) {
      Bytes data = payload(world().rank(), 0, size);
      world().broadcast(data, root, "b");
      EXPECT_EQ(data, payload(root, 0, size));
    }
  }
}

TEST(MpiCommunicator, ReducesIntegers) {
  const int64_t n = world().size();
  const int64_t r = world().rank();
  std::vector<int64_t> sum = {1, r, -r, INT64_MAX / n};
  world().all_reduce_sum(sum, "s");
  EXPECT_EQ(sum, (std::vector<int64_t>{n, n * (n - 1) / 2, -n * (n - 1) / 2, INT64_MAX / n * n}));
  std::vector<int64_t> max = {r, -r, INT64_MIN + r};
  world().all_reduce_max(max, "m");
  EXPECT_EQ(max, (std::vector<int64_t>{n - 1, 0, INT64_MIN + n - 1}));
  world().all_reduce_sum({}, "nothing");
}

TEST(MpiCommunicator, GathersInRankOrder) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{70'000}}) {
    Bytes all(size * static_cast<size_t>(world().size()));
    world().all_gather(payload(world().rank(), 0, size), all, "g");
    Bytes expected;
    for (int r = 0; r < world().size(); ++r) {
      const Bytes part = payload(r, 0, size);
      expected.insert(expected.end(), part.begin(), part.end());
    }
    EXPECT_EQ(all, expected);
  }
  // Parts of different sizes, rank 0 with none.
  const auto size_of = [](int r) { return static_cast<size_t>(r) * 5000; };
  const auto parts = world().all_gather_v(payload(world().rank(), 3, size_of(world().rank())), "v");
  ASSERT_EQ(parts.size(), static_cast<size_t>(world().size()));
  for (int r = 0; r < world().size(); ++r)
    EXPECT_EQ(parts[static_cast<size_t>(r)], payload(r, 3, size_of(r)));
}

TEST(MpiCommunicator, AllToAllTransposes) {
  const size_t part = 30'000;
  Bytes send;
  Bytes expected;
  for (int r = 0; r < world().size(); ++r) {
    const Bytes out = payload(world().rank(), r, part);
    send.insert(send.end(), out.begin(), out.end());
    const Bytes in = payload(r, world().rank(), part);
    expected.insert(expected.end(), in.begin(), in.end());
  }
  Bytes receive(send.size());
  world().all_to_all(send, receive, "a");
  EXPECT_EQ(receive, expected);

  const auto size_of = [](int from, int to) { return static_cast<size_t>(from * 1000 + to * 10); };
  std::vector<Bytes> parts;
  for (int r = 0; r < world().size(); ++r)
    parts.push_back(payload(world().rank(), r, size_of(world().rank(), r)));
  const auto received = world().all_to_all_v(parts, "v");
  for (int r = 0; r < world().size(); ++r)
    EXPECT_EQ(received[static_cast<size_t>(r)],
              payload(r, world().rank(), size_of(r, world().rank())));
}

TEST(MpiCommunicator, HeartbeatsWhileOthersWaitDisturbNothing) {
  if (world().rank() == 0) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
    while (std::chrono::steady_clock::now() < end) world().heartbeat("work");
  }
  world().barrier("after the work");
}

class ReduceScatterTree : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::has_single_bit(static_cast<unsigned>(world().size())))
      GTEST_SKIP() << "the tree needs a power of two of ranks";
  }

  static constexpr size_t kShards = 8;

  // Gradients of 8 logical shards, the same on every rank.
  static std::vector<std::vector<float>> shards(size_t size) {
    DrawStream draws({.seed = 11});
    std::vector<std::vector<float>> out(kShards, std::vector<float>(size));
    for (auto& shard : out)
      for (float& x : shard) x = static_cast<float>(draws.next_normal());
    return out;
  }
  static std::vector<const float*> pointers(const std::vector<std::vector<float>>& parts) {
    std::vector<const float*> out;
    for (const auto& part : parts) out.push_back(part.data());
    return out;
  }
  // This rank's node: its own 8/R shards summed by the tree.
  static std::vector<float> node(const std::vector<std::vector<float>>& shards) {
    const auto ranks = static_cast<size_t>(world().size());
    const auto all = pointers(shards);
    std::vector<float> out(shards[0].size());
    tree_sum(std::span(all).subspan(static_cast<size_t>(world().rank()) * kShards / ranks,
                                    kShards / ranks),
             out);
    return out;
  }
  static std::vector<int64_t> uneven_bounds(size_t size) {
    std::vector<int64_t> bounds = {0};
    const auto total = static_cast<int64_t>(size);
    for (int r = 1; r < world().size(); ++r) bounds.push_back(total / 3 * r / world().size());
    bounds.push_back(total);
    return bounds;
  }
  std::span<const float> part_of(const std::vector<float>& all,
                                 const std::vector<int64_t>& bounds) const {
    const auto r = static_cast<size_t>(world().rank());
    return std::span(all).subspan(static_cast<size_t>(bounds[r]),
                                  static_cast<size_t>(bounds[r + 1] - bounds[r]));
  }
  static bool same_bits(std::span<const float> a, std::span<const float> b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
  }
};

TEST_F(ReduceScatterTree, HasTheBitsOfOneRank) {
  constexpr size_t kSize = 100'003;
  const auto all_shards = shards(kSize);
  std::vector<float> one_rank(kSize);
  tree_sum(pointers(all_shards), one_rank);

  const std::vector<int64_t> bounds = uneven_bounds(kSize);
  const auto expected = part_of(one_rank, bounds);
  std::vector<float> chunk(expected.size());
  reduce_scatter_tree(world(), node(all_shards), bounds, chunk, "gradients");
  EXPECT_TRUE(same_bits(chunk, expected));
}

// The check above can fail: the same shards, each rank's summed in sequence, then the ranks in
// order.
TEST_F(ReduceScatterTree, ASumInRankOrderHasOtherBits) {
  constexpr size_t kSize = 10'000;
  const auto all_shards = shards(kSize);
  std::vector<float> tree(kSize);
  tree_sum(pointers(all_shards), tree);
  const auto in_order = [&](size_t begin, size_t end) {
    std::vector<float> sum = all_shards[begin];
    for (size_t s = begin + 1; s < end; ++s)
      for (size_t i = 0; i < kSize; ++i) sum[i] += all_shards[s][i];
    return sum;
  };
  const auto ranks = static_cast<size_t>(world().size());
  std::vector<float> across = in_order(0, kShards / ranks);
  for (size_t r = 1; r < ranks; ++r) {
    const auto part = in_order(r * kShards / ranks, (r + 1) * kShards / ranks);
    for (size_t i = 0; i < kSize; ++i) across[i] += part[i];
  }
  EXPECT_FALSE(same_bits(across, tree));
  EXPECT_FALSE(same_bits(across, in_order(0, kShards)));
}

TEST_F(ReduceScatterTree, LargeGradientsPassInWindows) {
  constexpr size_t kSize = 20'000'001;  // 80 MB: more than one window for 2 and 4 ranks
  std::vector<float> mine(kSize);
  for (size_t i = 0; i < kSize; ++i)
    mine[i] = static_cast<float>((i + 1) % 1000) * (1.0f + world().rank());
  const std::vector<int64_t> bounds = uneven_bounds(kSize);
  const float ranks_sum = world().size() * (world().size() + 1) / 2.0f;
  std::vector<float> chunk(part_of(mine, bounds).size());
  reduce_scatter_tree(world(), mine, bounds, chunk, "gradients");
  const int64_t begin = bounds[static_cast<size_t>(world().rank())];
  for (size_t i = 0; i < chunk.size(); ++i)
    ASSERT_EQ(chunk[i],
              static_cast<float>((static_cast<size_t>(begin) + i + 1) % 1000) * ranks_sum);
}

TEST_F(ReduceScatterTree, EmptyChunksAreAllowed) {
  std::vector<int64_t> bounds(static_cast<size_t>(world().size()) + 1, 5);
  bounds[0] = 0;
  const std::vector<float> mine(5, 1.0f);
  std::vector<float> chunk(world().rank() == 0 ? 5 : 0);
  reduce_scatter_tree(world(), mine, bounds, chunk, "gradients");
  EXPECT_EQ(chunk, std::vector<float>(chunk.size(), static_cast<float>(world().size())));
}

}  // namespace
}  // namespace cohort
