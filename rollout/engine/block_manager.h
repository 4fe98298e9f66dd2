// Blocks of the paged cache by number, with reference counts: who holds which block, and nothing of
// what is in it.
#pragma once

#include <cstdint>
#include <vector>

namespace cohort {

class BlockManager {
 public:
  // held: those that have a reference from the beginning.
  BlockManager(int64_t num_blocks, int64_t block_size, const std::vector<int32_t>& held = {});

  int32_t allocate();         // with one reference; one must be free
  void share(int32_t block);  // one reference more
  void release(int32_t block);
  int64_t references(int32_t block) const { return references_[static_cast<size_t>(block)]; }

  int64_t num_free() const { return static_cast<int64_t>(free_.size()); }
  int64_t num_blocks() const { return static_cast<int64_t>(references_.size()); }
  int64_t block_size() const { return block_size_; }
  int64_t blocks_for(int64_t tokens) const { return (tokens + block_size_ - 1) / block_size_; }

 private:
  int64_t block_size_;
  std::vector<int32_t> references_;
  std::vector<int32_t> free_;  // the last is given out next
};

}  // namespace cohort
