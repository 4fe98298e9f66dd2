#include "rollout/engine/block_manager.h"

#include <gtest/gtest.h>

#include <set>

#include "core/base/error.h"

namespace cohort {
namespace {

TEST(BlockManager, GivesEachBlockOnceUntilItIsReleased) {
  BlockManager blocks(3, 16);
  const std::set<int32_t> given = {blocks.allocate(), blocks.allocate(), blocks.allocate()};
  EXPECT_EQ(given.size(), 3u);
  EXPECT_EQ(blocks.num_free(), 0);
  EXPECT_THROW(blocks.allocate(), CheckError);
  blocks.release(*given.begin());
  EXPECT_EQ(blocks.allocate(), *given.begin());
}

TEST(BlockManager, ASharedBlockIsFreeWithItsLastReference) {
  BlockManager blocks(2, 16);
  const int32_t block = blocks.allocate();
  blocks.share(block);
  EXPECT_EQ(blocks.references(block), 2);
  blocks.release(block);
  EXPECT_EQ(blocks.num_free(), 1);
  blocks.release(block);
  EXPECT_EQ(blocks.num_free(), 2);
  EXPECT_THROW(blocks.release(block), CheckError);
  EXPECT_THROW(blocks.share(block), CheckError);
}

TEST(BlockManager, CountsBlocksOfTokens) {
  const BlockManager blocks(2, 16);
  EXPECT_EQ(blocks.blocks_for(0), 0);
  EXPECT_EQ(blocks.blocks_for(16), 1);
  EXPECT_EQ(blocks.blocks_for(17), 2);
}

}  // namespace
}  // namespace cohort
