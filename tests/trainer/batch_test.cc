#include "trainer/batch.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

TrainSample sample_of(std::vector<int32_t> tokens, std::vector<uint8_t> mask = {}) {
  TrainSample sample;
  sample.tokens = std::move(tokens);
  sample.mask = mask.empty() ? std::vector<uint8_t>(sample.tokens.size(), 1) : std::move(mask);
  return sample;
}

// Prompt 1 2 3; samples 10 11 12, 20, (nothing), 30 31 (masked), 40 41.
TrainGroup mixed_group() {
  return {{1, 2, 3},
          {sample_of({10, 11, 12}), sample_of({20}), sample_of({}), sample_of({30, 31}, {0, 0}),
           sample_of({40, 41})}};
}

std::vector<int32_t> ints(const at::Tensor& tensor) {
  return {tensor.data_ptr<int32_t>(), tensor.data_ptr<int32_t>() + tensor.numel()};
}
std::vector<uint8_t> bytes(const at::Tensor& tensor) {
  return {tensor.data_ptr<uint8_t>(), tensor.data_ptr<uint8_t>() + tensor.numel()};
}

std::vector<MicroBatch> pack_one(const std::vector<TrainGroup>& groups,
                                 const PackOptions& options) {
  std::vector<int64_t> all;
  for (size_t g = 0; g < groups.size(); ++g) all.push_back(static_cast<int64_t>(g));
  return pack(groups, {all}, 0, 1, options);
}

TEST(Pack, PromptRowsAreThereOnceAndLastTokensAreNoRows) {
  const auto batches = pack_one({mixed_group()}, {});
  ASSERT_EQ(batches.size(), 1u);
  const MicroBatch& batch = batches[0];
  EXPECT_EQ(ints(batch.input.tokens), (std::vector<int32_t>{1, 2, 3, 10, 11, 40}));
  EXPECT_EQ(ints(batch.input.positions), (std::vector<int32_t>{0, 1, 2, 3, 4, 3}));
  EXPECT_EQ(*batch.input.shards, (std::vector<int64_t>{0, 6}));
  EXPECT_EQ(bytes(batch.input.load_mask), std::vector<uint8_t>(6, 1));

  const kernels::AttentionLayout& layout = *batch.input.layout;
  EXPECT_EQ(layout.query_offsets, (std::vector<int64_t>{0, 3, 5, 6}));
  EXPECT_EQ(layout.first_position, (std::vector<int64_t>{0, 3, 3}));
  EXPECT_EQ(layout.key_offsets, (std::vector<int64_t>{0, 3, 8, 12}));
  EXPECT_EQ(layout.key_rows, (std::vector<int32_t>{0, 1, 2, 0, 1, 2, 3, 4, 0, 1, 2, 5}));
  EXPECT_EQ(layout.tree_offsets, (std::vector<int64_t>{0, 3}));
}

TEST(Pack, EveryCountedTokenIsPredictedByTheRowBeforeIt) {
  const auto batches = pack_one({mixed_group()}, {});
  std::vector<std::vector<int32_t>> predictions;
  for (const Prediction& p : batches[0].predictions) {
    predictions.push_back({p.row, p.target, p.group, p.sample, p.position});
  }
  EXPECT_EQ(predictions, (std::vector<std::vector<int32_t>>{{2, 10, 0, 0, 0},
                                                            {3, 11, 0, 0, 1},
                                                            {4, 12, 0, 0, 2},
                                                            {2, 20, 0, 1, 0},
                                                            {2, 40, 0, 4, 0},
                                                            {5, 41, 0, 4, 1}}));
  EXPECT_EQ(*batches[0].prediction_shards, (std::vector<int64_t>{0, 6}));
}

TEST(Pack, BalanceSequencesCoverEveryRow) {
  const auto batches = pack_one({mixed_group()}, {});
  EXPECT_EQ(batches[0].sequence_offsets, (std::vector<int64_t>{0, 5, 6}));
  EXPECT_EQ(batches[0].sequence_counts, (std::vector<uint8_t>{1, 1}));
}

TEST(Pack, RowsAfterTheLastCountedTokenAreLeftOut) {
  const auto batches = pack_one({{{1}, {sample_of({5, 6, 7, 8}, {0, 1, 0, 0})}}}, {});
  EXPECT_EQ(ints(batches[0].input.tokens), (std::vector<int32_t>{1, 5}));
  ASSERT_EQ(batches[0].predictions.size(), 1u);
  EXPECT_EQ(batches[0].predictions[0].target, 6);
  EXPECT_EQ(batches[0].predictions[0].row, 1);
}

TEST(Pack, GroupsWithNothingToLearnAreLeftOut) {
  EXPECT_TRUE(pack_one({{{1, 2}, {sample_of({}), sample_of({3}, {0})}}}, {}).empty());
  EXPECT_TRUE(pack_one({}, {}).empty());
}

TEST(Pack, AGroupTooLargeIsSplitBySamples) {
  // Rows: prompt 3, samples 2 + 0 + 1.
  const auto batches = pack_one({mixed_group()}, {.max_tokens = 5});
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(ints(batches[0].input.tokens), (std::vector<int32_t>{1, 2, 3, 10, 11}));
  EXPECT_EQ(ints(batches[1].input.tokens), (std::vector<int32_t>{1, 2, 3, 40}));
  EXPECT_EQ(bytes(batches[0].input.load_mask), (std::vector<uint8_t>{1, 1, 1, 1, 1}));
  EXPECT_EQ(bytes(batches[1].input.load_mask), (std::vector<uint8_t>{0, 0, 0, 1}));
  EXPECT_EQ(batches[1].sequence_offsets, (std::vector<int64_t>{0, 3, 4}));
  EXPECT_EQ(batches[1].sequence_counts, (std::vector<uint8_t>{0, 1}));
}

TEST(Pack, MicroBatchesHoldTheSamePartOfEveryShard) {
  const TrainGroup small{{1, 2}, {sample_of({3, 4})}};  // 3 rows
  const std::vector<TrainGroup> groups(5, small);
  const std::vector<std::vector<int64_t>> shards = {{0, 1, 2}, {}, {3, 4}, {}};
  const auto batches = pack(groups, shards, 0, 4, {.max_tokens = 6});
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(*batches[0].input.shards, (std::vector<int64_t>{0, 6, 6, 12, 12}));
  EXPECT_EQ(*batches[1].input.shards, (std::vector<int64_t>{0, 3, 3, 3, 3}));
  EXPECT_EQ(*batches[1].prediction_shards, (std::vector<int64_t>{0, 2, 2, 2, 2}));

  // Two ranks: each has its half, cut at the same places.
  const auto second = pack(groups, shards, 2, 2, {.max_tokens = 6});
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(*second[0].input.shards, (std::vector<int64_t>{0, 6, 6}));
  EXPECT_EQ(second[0].predictions[0].group, 3);
}

TEST(Pack, LinearBatchesCarryNextTokensAndTheirPredictions) {
  const auto batches = pack_one({mixed_group()}, {.linear = true});
  ASSERT_EQ(batches.size(), 1u);
  const MicroBatch& batch = batches[0];
  EXPECT_EQ(ints(batch.input.tokens),
            (std::vector<int32_t>{1, 2, 3, 10, 11, 1, 2, 3, 1, 2, 3, 40}));
  EXPECT_EQ(ints(batch.next_tokens),
            (std::vector<int32_t>{2, 3, 10, 11, 12, 2, 3, 20, 2, 3, 40, 41}));
  EXPECT_EQ(bytes(batch.input.load_mask),
            (std::vector<uint8_t>{1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1}));
  std::vector<std::vector<int32_t>> predictions;
  for (const Prediction& p : batch.mtp_predictions) predictions.push_back({p.row, p.target});
  EXPECT_EQ(predictions, (std::vector<std::vector<int32_t>>{
                             {1, 10}, {2, 11}, {3, 12}, {6, 20}, {9, 40}, {10, 41}}));
}

TEST(Pack, MultiTokenPredictionCannotPredictTheSecondTokenOfAText) {
  const auto batches = pack_one({{{1}, {sample_of({5, 6})}}}, {.linear = true});
  ASSERT_EQ(batches[0].mtp_predictions.size(), 1u);
  EXPECT_EQ(batches[0].mtp_predictions[0].target, 6);
  EXPECT_EQ(batches[0].mtp_predictions[0].row, 0);
}

TEST(DealToShards, LongestFirstToTheLightestThenInBatchOrder) {
  std::vector<TrainGroup> groups;
  for (int length : {1, 5, 2, 4, 3})
    groups.push_back({{0}, {sample_of(std::vector<int32_t>(length, 7))}});
  // Tokens 2 6 3 5 4: 6 -> 0, 5 -> 1, 4 -> 1, 3 -> 0, 2 -> 0 (a tie goes to the lower shard).
  EXPECT_EQ(deal_to_shards(groups, 2), (std::vector<std::vector<int64_t>>{{0, 1, 2}, {3, 4}}));
  EXPECT_EQ(deal_to_shards(groups, 8).size(), 8u);
}

}  // namespace
}  // namespace cohort
