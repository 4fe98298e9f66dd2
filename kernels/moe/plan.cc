#include "kernels/moe/plan.h"

#include <algorithm>
#include <atomic>

#include "core/base/error.h"
#include "core/base/threads.h"

namespace cohort::kernels {
namespace {

// Slots are counted and placed in blocks of this many, in parallel; the order does not depend on
// it.
constexpr int64_t kBlock = 8192;

}  // namespace

void make_moe_plan(const at::Tensor& index, int64_t experts, MoePlan& plan) {
  COHORT_CHECK(index.dim() == 2 && index.scalar_type() == at::kInt && index.is_contiguous(),
               "moe: index must be contiguous int32 [tokens, choices]");
  plan.tokens = index.size(0);
  plan.top_k = index.size(1);
  const int64_t slots = plan.rows(), blocks = (slots + kBlock - 1) / kBlock;
  const int32_t* expert_of = index.const_data_ptr<int32_t>();

  // counts[block][expert], turned into the next free row of the expert for that block.
  static thread_local std::vector<int64_t> kept;
  std::vector<int64_t>& counts = kept;  // of this thread, for all
  counts.assign(blocks * experts, 0);
  std::atomic<bool> in_range = true;
  parallel_tasks(blocks, [&](int64_t b) {
    for (int64_t i = b * kBlock; i < std::min(slots, (b + 1) * kBlock); ++i) {
      const int32_t e = expert_of[i];
      if (e < 0 || e >= experts) {
        in_range = false;
      } else {
        ++counts[b * experts + e];
      }
    }
  });
  COHORT_CHECK(in_range, "moe: an expert index is outside [0, {})", experts);
  plan.offsets.resize(experts + 1);
  int64_t next = 0;
  for (int64_t e = 0; e < experts; ++e) {
    plan.offsets[e] = next;
    for (int64_t b = 0; b < blocks; ++b) {
      const int64_t count = counts[b * experts + e];
      counts[b * experts + e] = next;
      next += count;
    }
  }
  plan.offsets[experts] = next;

  plan.token.resize(slots);
  plan.slot.resize(slots);
  plan.row.resize(slots);
  parallel_tasks(blocks, [&](int64_t b) {
    for (int64_t i = b * kBlock; i < std::min(slots, (b + 1) * kBlock); ++i) {
      const int64_t r = counts[b * experts + expert_of[i]]++;
      plan.token[r] = static_cast<int32_t>(i / plan.top_k);
      plan.slot[r] = static_cast<int32_t>(i);
      plan.row[i] = static_cast<int32_t>(r);
    }
  });
}

std::vector<int64_t> MoePlan::shard_segments(const std::vector<int64_t>& shards) const {
  COHORT_CHECK(!shards.empty() && shards.front() == 0 && shards.back() == tokens,
               "moe: the shards must cover {} rows", tokens);
  std::vector<int64_t> segments;
  for (size_t e = 0; e + 1 < offsets.size(); ++e) {
    const auto begin = token.begin() + offsets[e], end = token.begin() + offsets[e + 1];
    for (size_t s = 0; s + 1 < shards.size(); ++s) {
      segments.push_back(std::lower_bound(begin, end, shards[s]) - token.begin());
    }
  }
  segments.push_back(rows());
  return segments;
}

}  // namespace cohort::kernels
