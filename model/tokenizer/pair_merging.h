// Byte-pair encoding proper: of a row of symbols, the pair of lowest rank, leftmost first, becomes
// one symbol, until no pair has a rank.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cohort {

class PairMerging {
 public:
  struct Merge {
    int32_t rank, id;
  };
  // A pair that comes again takes the later rank.
  void set(int32_t left, int32_t right, Merge merge);
  bool empty() const { return size_ == 0; }
  // Symbols to what is left of them, at the end of `ids`. May change `symbols`.
  void run(std::vector<int32_t>& symbols, std::vector<int32_t>& ids) const;

 private:
  struct Slot {
    uint64_t key = kFree;  // left << 32 | right
    Merge merge{};
  };
  static constexpr uint64_t kFree = UINT64_MAX;
  static uint64_t key_of(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }
  size_t slot_of(uint64_t key) const;
  const Merge* find(int32_t left, int32_t right) const;
  void run_short(std::vector<int32_t>& symbols, std::vector<int32_t>& ids) const;
  void run_long(std::vector<int32_t>& symbols, std::vector<int32_t>& ids) const;

  std::vector<Slot> slots_ = std::vector<Slot>(16);  // a power of two, at most half full
  size_t size_ = 0;
};

}  // namespace cohort
