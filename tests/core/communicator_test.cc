// Tree sums and one process alone; several ranks are in tests/mpi.
#include "core/comm/communicator.h"

#include <gtest/gtest.h>

#include <cstring>

#include "core/base/error.h"
#include "core/base/rng.h"

namespace cohort {
namespace {

std::vector<std::vector<float>> random_parts(size_t count, size_t size) {
  DrawStream draws({.seed = 7});
  std::vector<std::vector<float>> parts(count, std::vector<float>(size));
  for (auto& part : parts)
    for (float& x : part) x = static_cast<float>(draws.next_normal());
  return parts;
}

std::vector<const float*> pointers(const std::vector<std::vector<float>>& parts) {
  std::vector<const float*> out;
  for (const auto& part : parts) out.push_back(part.data());
  return out;
}

TEST(TreeSum, AddsNeighboursThenTheirSums) {
  constexpr size_t kSize = 200003;  // many blocks and a part of one
  const auto parts = random_parts(8, kSize);
  std::vector<float> out(kSize);
  tree_sum(pointers(parts), out);
  for (size_t i = 0; i < kSize; ++i) {
    const auto x = [&](size_t p) { return parts[p][i]; };
    const float expected = ((x(0) + x(1)) + (x(2) + x(3))) + ((x(4) + x(5)) + (x(6) + x(7)));
    ASSERT_EQ(std::memcmp(&out[i], &expected, sizeof(float)), 0) << i;
  }
}

TEST(TreeSum, IsTheSameWhenRanksSumTheirOwnShardsFirst) {
  constexpr size_t kSize = 5000;
  const auto shards = random_parts(8, kSize);
  std::vector<float> all(kSize);
  tree_sum(pointers(shards), all);
  for (const size_t ranks : {1, 2, 4, 8}) {
    const auto shard_pointers = pointers(shards);
    std::vector<std::vector<float>> nodes(ranks, std::vector<float>(kSize));
    for (size_t r = 0; r < ranks; ++r)
      tree_sum(std::span(shard_pointers).subspan(r * 8 / ranks, 8 / ranks), nodes[r]);
    std::vector<float> out(kSize);
    tree_sum(pointers(nodes), out);
    EXPECT_EQ(std::memcmp(out.data(), all.data(), kSize * sizeof(float)), 0) << ranks << " ranks";
  }
}

TEST(TreeSum, DiffersFromASumInRankOrder) {
  constexpr size_t kSize = 1000;
  const auto parts = random_parts(8, kSize);
  std::vector<float> tree(kSize);
  tree_sum(pointers(parts), tree);
  std::vector<float> sequential = parts[0];
  for (size_t p = 1; p < 8; ++p)
    for (size_t i = 0; i < kSize; ++i) sequential[i] += parts[p][i];
  EXPECT_NE(std::memcmp(tree.data(), sequential.data(), kSize * sizeof(float)), 0);
}

TEST(TreeSum, AbsentPartsHaveTheBitsOfZeros) {
  constexpr size_t kSize = 2500;
  for (const unsigned present : {0x00u, 0x01u, 0x80u, 0x0au, 0xf0u, 0xffu}) {
    auto parts = random_parts(8, kSize);
    std::vector<const float*> pointers;
    for (size_t p = 0; p < 8; ++p) {
      parts[p][3] = -0.0f;  // the one value that adding 0 changes
      const bool there = (present >> p & 1) != 0;
      pointers.push_back(there ? parts[p].data() : nullptr);
      if (!there) std::fill(parts[p].begin(), parts[p].end(), 0.0f);
    }
    std::vector<const float*> zeros;
    for (const auto& part : parts) zeros.push_back(part.data());
    std::vector<float> got(kSize, 7.0f), want(kSize);
    tree_sum(pointers, got);
    tree_sum(zeros, want);
    EXPECT_EQ(std::memcmp(got.data(), want.data(), kSize * sizeof(float)), 0) << present;
  }
}

TEST(TreeSum, TakesPowersOfTwoOnly) {
  std::vector<float> out(4);
  EXPECT_THROW(tree_sum({}, out), CheckError);
  EXPECT_THROW(tree_sum(pointers(random_parts(6, 4)), out), CheckError);
  const auto one = random_parts(1, 4);
  tree_sum(pointers(one), out);
  EXPECT_EQ(out, one[0]);
  tree_sum(pointers(random_parts(4, 1)), {});
}

TEST(NullCommunicator, EveryOperationIsTheIdentity) {
  const auto comm = make_communicator({});
  EXPECT_STREQ(comm->kind(), "null");
  EXPECT_EQ(comm->rank(), 0);
  EXPECT_EQ(comm->size(), 1);
  const std::vector<int64_t> values = {3, -4};
  std::vector<int64_t> copy = values;
  comm->barrier("b");
  comm->heartbeat("h");
  comm->broadcast(std::as_writable_bytes(std::span(copy)), 0, "b");
  comm->all_reduce_sum(copy, "s");
  comm->all_reduce_max(copy, "m");
  EXPECT_EQ(copy, values);
  const auto bytes = std::as_bytes(std::span(values));
  std::vector<int64_t> out(2);
  comm->all_gather(bytes, std::as_writable_bytes(std::span(out)), "g");
  EXPECT_EQ(out, values);
  std::fill(out.begin(), out.end(), 0);
  comm->all_to_all(bytes, std::as_writable_bytes(std::span(out)), "a");
  EXPECT_EQ(out, values);
  const std::vector<std::byte> vector(bytes.begin(), bytes.end());
  EXPECT_EQ(comm->all_gather_v(bytes, "g"), (std::vector<std::vector<std::byte>>{vector}));
  EXPECT_EQ(comm->all_to_all_v({vector}, "a"), (std::vector<std::vector<std::byte>>{vector}));
  EXPECT_THROW(comm->all_gather(bytes, {}, "g"), CheckError);
}

TEST(NullCommunicator, ReduceScatterIsACopy) {
  const auto comm = make_null_communicator();
  const auto parts = random_parts(1, 100);
  std::vector<float> chunk(100);
  reduce_scatter_tree(*comm, parts[0], {0, 100}, chunk, "gradients");
  EXPECT_EQ(chunk, parts[0]);
  EXPECT_THROW(reduce_scatter_tree(*comm, parts[0], {0, 99}, chunk, "gradients"), CheckError);
}

TEST(NullCommunicatorDeathTest, AbortLeavesWithItsCode) {
  EXPECT_EXIT(make_null_communicator()->abort(7), testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace cohort
