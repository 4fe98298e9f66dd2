#include "model/tokenizer/pair_merging.h"

#include <algorithm>
#include <climits>
#include <queue>
#include <utility>

namespace cohort {
namespace {

constexpr size_t kShort = 64;  // up to here looking through all pairs beats a heap

}  // namespace

size_t PairMerging::slot_of(uint64_t key) const {
  const size_t mask = slots_.size() - 1;
  uint64_t hash = key * 0x9E3779B97F4A7C15u;
  hash ^= hash >> 32;
  for (size_t i = hash & mask;; i = (i + 1) & mask)
    if (slots_[i].key == key || slots_[i].key == kFree) return i;
}

void PairMerging::set(int32_t left, int32_t right, Merge merge) {
  if (2 * (size_ + 1) > slots_.size()) {
    const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(2 * slots_.size()));
    for (const Slot& slot : old)
      if (slot.key != kFree) slots_[slot_of(slot.key)] = slot;
  }
  Slot& slot = slots_[slot_of(key_of(left, right))];
  size_ += slot.key == kFree;
  slot = {key_of(left, right), merge};
}

const PairMerging::Merge* PairMerging::find(int32_t left, int32_t right) const {
  const Slot& slot = slots_[slot_of(key_of(left, right))];
  return slot.key == kFree ? nullptr : &slot.merge;
}

void PairMerging::run(std::vector<int32_t>& symbols, std::vector<int32_t>& ids) const {
  if (empty() || symbols.size() < 2)
    ids.insert(ids.end(), symbols.begin(), symbols.end());
  else if (symbols.size() <= kShort)
    run_short(symbols, ids);
  else
    run_long(symbols, ids);
}

void PairMerging::run_short(std::vector<int32_t>& symbols, std::vector<int32_t>& ids) const {
  int32_t ranks[kShort], merged[kShort];  // of the pair that begins at a symbol
  size_t size = symbols.size();
  const auto look_up = [&](size_t i) {
    const Merge* merge = find(symbols[i], symbols[i + 1]);
    ranks[i] = merge == nullptr ? INT32_MAX : merge->rank;
    merged[i] = merge == nullptr ? -1 : merge->id;
  };
  for (size_t i = 0; i + 1 < size; ++i) look_up(i);
  ranks[size - 1] = INT32_MAX;
  merged[size - 1] = -1;
  while (size > 1) {
    int32_t lowest = ranks[0];
    for (size_t i = 1; i + 1 < size; ++i) lowest = std::min(lowest, ranks[i]);
    if (lowest == INT32_MAX) break;
    size_t at = 0;
    while (ranks[at] != lowest) ++at;
    symbols[at] = merged[at];
    std::copy(symbols.begin() + at + 2, symbols.begin() + size, symbols.begin() + at + 1);
    std::copy(ranks + at + 2, ranks + size, ranks + at + 1);
    std::copy(merged + at + 2, merged + size, merged + at + 1);
    --size;
    if (at + 1 < size) look_up(at);
    if (at > 0) look_up(at - 1);
  }
  ids.insert(ids.end(), symbols.begin(), symbols.begin() + static_cast<ptrdiff_t>(size));
}

// A heap of candidates over a linked list of symbols: candidates that an earlier merge made stale
// are recognised when they come up.
void PairMerging::run_long(std::vector<int32_t>& symbols, std::vector<int32_t>& ids) const {
  const auto size = static_cast<int32_t>(symbols.size());
  std::vector<int32_t> previous(symbols.size()), next(symbols.size());
  for (int32_t i = 0; i < size; ++i) {
    previous[i] = i - 1;
    next[i] = i + 1 < size ? i + 1 : -1;
  }
  struct Candidate {
    int32_t rank, position, left, right, id;
    bool operator<(const Candidate& other) const {  // the heap's top is the largest
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };
  std::vector<Candidate> first;
  first.reserve(symbols.size());
  const auto candidate = [&](int32_t position, const auto& add) {
    if (position < 0 || next[position] < 0) return;
    const int32_t left = symbols[position], right = symbols[next[position]];
    if (const Merge* merge = find(left, right))
      add(Candidate{merge->rank, position, left, right, merge->id});
  };
  for (int32_t i = 0; i < size; ++i)
    candidate(i, [&](const Candidate& found) { first.push_back(found); });
  std::priority_queue<Candidate> candidates({}, std::move(first));
  const auto push = [&](const Candidate& found) { candidates.push(found); };
  while (!candidates.empty()) {
    const Candidate c = candidates.top();
    candidates.pop();
    const int32_t right = symbols[c.position] == c.left ? next[c.position] : -1;
    if (right < 0 || symbols[right] != c.right) continue;
    symbols[c.position] = c.id;
    symbols[right] = -1;
    next[c.position] = next[right];
    if (next[right] >= 0) previous[next[right]] = c.position;
    candidate(previous[c.position], push);
    candidate(c.position, push);
  }
  for (int32_t symbol : symbols)
    if (symbol >= 0) ids.push_back(symbol);
}

}  // namespace cohort
