#include "rollout/engine/block_manager.h"

#include "core/base/error.h"

namespace cohort {

BlockManager::BlockManager(int64_t num_blocks, int64_t block_size, const std::vector<int32_t>& held)
    : block_size_(block_size), references_(static_cast<size_t>(num_blocks)) {
  COHORT_CHECK(num_blocks > 0 && block_size > 0, "{} blocks of {}", num_blocks, block_size);
  for (const int32_t block : held) references_[static_cast<size_t>(block)] = 1;
  free_.reserve(references_.size());
  for (auto block = static_cast<int32_t>(num_blocks - 1); block >= 0; --block)
    if (references(block) == 0) free_.push_back(block);
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
