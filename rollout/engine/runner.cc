#include "rollout/engine/runner.h"

#include <ATen/ops/index_copy.h>
#include <ATen/ops/index_select.h>

#include "kernels/memory/step_memory.h"
#include "kernels/rows/rows.h"

namespace cohort {

namespace {

template <class T>
at::Tensor as_tensor(const std::vector<T>& values, at::ScalarType type) {
  at::Tensor copy = kernels::result({static_cast<int64_t>(values.size())}, type);
  std::ranges::copy(values, copy.mutable_data_ptr<T>());
  return copy;
}

size_t key_rows_of(const StepPlan& plan) {
  int64_t rows = 0;
  for (const StepItem& item : plan.items) rows += item.sequence->computed + item.count;
  return static_cast<size_t>(rows);
}

}  // namespace

at::Tensor Runner::hidden(const StepPlan& plan, const at::Tensor& expert_sets) {
  copy_blocks(plan.copies);
  fill(plan);
  DecoderInput input;
  input.tokens = as_tensor(tokens_, at::kInt);
  input.positions = as_tensor(positions_, at::kInt);
  input.slots = as_tensor(slots_, at::kInt);
  input.layout = layout_;
  input.cache = &cache_;
  input.expert_sets = expert_sets;
  return decoder_.hidden(input);
}

void Runner::copy_blocks(const std::vector<BlockCopy>& copies) {
  std::vector<int64_t> from, to;
  for (const BlockCopy& copy : copies)
    for (int64_t i = 0; i < copy.slots; ++i) {
      from.push_back(copy.from * cache_.block_size + i);
      to.push_back(copy.to * cache_.block_size + i);
    }
  if (from.empty()) return;
  const at::Device device = cache_.k[0].device();
  const at::Tensor source = as_tensor(from, at::kLong).to(device),
                   target = as_tensor(to, at::kLong).to(device);
  for (size_t layer = 0; layer < cache_.k.size(); ++layer) {
    at::Tensor &k = cache_.k[layer], &v = cache_.v[layer];
    k.index_copy_(0, target, k.index_select(0, source));
    if (!v.is_alias_of(k)) v.index_copy_(0, target, v.index_select(0, source));
  }
}

void Runner::fill(const StepPlan& plan) {
  tokens_.clear();
  positions_.clear();
  slots_.clear();
  kernels::AttentionLayout& layout = *layout_;
  ++layout.version;
  layout.query_offsets.assign(1, 0);
  layout.first_position.clear();
  layout.key_offsets.assign(1, 0);
  layout.key_rows.clear();
  // An insert at the end of an empty vector takes what it needs and no more: a step that is longer
  // by a token would allocate again.
  if (const size_t rows = key_rows_of(plan); rows > layout.key_rows.capacity())
    layout.key_rows.reserve(2 * rows);
  for (const StepItem& item : plan.items) {
    const Sequence& s = *item.sequence;
    const int64_t end = s.computed + item.count;
    for (int64_t i = s.computed; i < end; ++i) {
      tokens_.push_back(s.token(i));
      positions_.push_back(static_cast<int32_t>(i));
    }
    slots_.insert(slots_.end(), s.slots.begin() + s.computed, s.slots.begin() + end);
    layout.key_rows.insert(layout.key_rows.end(), s.slots.begin(), s.slots.begin() + end);
    layout.query_offsets.push_back(static_cast<int64_t>(tokens_.size()));
    layout.first_position.push_back(s.computed);
    layout.key_offsets.push_back(static_cast<int64_t>(layout.key_rows.size()));
  }
}

at::Tensor pick(const at::Tensor& x, const std::vector<int32_t>& index) {
  return kernels::pick_rows(x, as_tensor(index, at::kInt));
}

}  // namespace cohort
