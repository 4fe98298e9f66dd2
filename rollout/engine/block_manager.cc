#include "rollout/engine/block_manager.h"

#include "core/base/error.h"

namespace cohort {

BlockManager::BlockManager(int64_t num_blocks, int64_t block_size)
    : block_size_(block_size), references_(static_cast<size_t>(num_blocks)) {
  COHORT_CHECK(num_blocks > 0 && block_size > 0, "{} blocks of {}", num_blocks, block_size);
  free_.reserve(references_.size());
  for (int64_t block = num_blocks - 1; block >= 0; --block)
    free_.push_back(static_cast<int32_t>(block));
}

int32_t BlockManager::allocate() {
  COHORT_CHECK(!free_.empty(), "no block is free");
  const int32_t block = free_.back();
  free_.pop_back();
  references_[static_cast<size_t>(block)] = 1;
  return block;
}

void BlockManager::share(int32_t block) {
  COHORT_CHECK(references(block) > 0, "block {} is free", block);
  ++references_[static_cast<size_t>(block)];
}

void BlockManager::release(int32_t block) {
  COHORT_CHECK(references(block) > 0, "block {} is free", block);
  if (--references_[static_cast<size_t>(block)] == 0) free_.push_back(block);
}

}  // namespace cohort
