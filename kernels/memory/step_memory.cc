#include "kernels/memory/step_memory.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <bit>

#include "core/base/error.h"

namespace cohort::kernels {
namespace {

thread_local StepMemory* in_use = nullptr;

// Null where LibTorch's own allocation is wanted.
StepMemory* memory_for(const at::Device& device) {
  return device.is_cpu() && !at::GradMode::is_enabled() ? in_use : nullptr;
}

// Room for `elements`, to the next power of two: sizes differ from step to step, and each class of
// memory has then no more pieces than were in use at once.
int64_t capacity(int64_t elements) {
  return static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(elements)));
}

}  // namespace

StepMemory::Use::Use(StepMemory& memory) : before_(in_use) { in_use = &memory; }
StepMemory::Use::~Use() { in_use = before_; }

// The smallest that is large enough.
at::Tensor StepMemory::take(at::IntArrayRef sizes, at::ScalarType dtype) {
  let_go_of_idle_views();
  const int64_t elements = c10::multiply_integers(sizes);
  const size_t wanted = static_cast<size_t>(elements) * at::elementSize(dtype);
  const at::Tensor* best = nullptr;
  for (const at::Tensor& held : results_) {
    const size_t has = held.storage().nbytes();
    if (held.use_count() == 1 && held.storage().use_count() == 1 && has >= wanted &&
        held.scalar_type() == dtype && (best == nullptr || has < best->storage().nbytes()))
      best = &held;
  }
  if (best == nullptr) best = &results_.emplace_back(at::empty({capacity(elements)}, dtype));
  best->unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
  return *best;
}

at::Tensor StepMemory::view(const at::Tensor& x, at::IntArrayRef sizes, at::IntArrayRef strides,
                            int64_t offset) {
  auto idle = std::find_if(views_.begin(), views_.end(),
                           [](const at::Tensor& held) { return held.use_count() == 1; });
  if (idle == views_.end()) {
    views_.push_back(at::empty({0}, x.scalar_type()));
    idle = views_.end() - 1;
  }
  c10::TensorImpl* const impl = idle->unsafeGetTensorImpl();
  impl->set_storage_and_dtype(x.storage(), x.dtype());
  impl->set_sizes_and_strides(sizes, strides, x.storage_offset() + offset);
  return *idle;
}

void StepMemory::let_go_of_idle_views() {
  if (!nothing_.defined()) nothing_ = at::empty({0}, at::kFloat);
  for (const at::Tensor& held : views_)
    if (held.use_count() == 1 && !held.storage().is_alias_of(nothing_.storage()))
      held.unsafeGetTensorImpl()->set_storage_keep_dtype(nothing_.storage());
}

int64_t StepMemory::bytes() const {
  size_t sum = 0;
  for (const at::Tensor& held : results_) sum += held.storage().nbytes();
  return static_cast<int64_t>(sum);
}

at::Tensor result(at::IntArrayRef sizes, const at::TensorOptions& options) {
  if (StepMemory* const memory = memory_for(options.device()))
    return memory->take(sizes, options.dtype().toScalarType());
  return at::empty(sizes, options);
}

at::Tensor view_heads(const at::Tensor& x, int64_t heads) {
  COHORT_CHECK(x.dim() == 2 && x.size(1) % heads == 0, "{} heads of {} columns", heads, x.size(-1));
  const int64_t dim = x.size(1) / heads;
  if (StepMemory* const memory = memory_for(x.device()))
    return memory->view(x, {x.size(0), heads, dim}, {x.stride(0), dim, 1}, 0);
  return x.unflatten(1, {heads, dim});
}

at::Tensor view_rows(const at::Tensor& x) {
  COHORT_CHECK(x.dim() == 3 && x.is_contiguous(), "rows are contiguous [T, heads, D]");
  const int64_t width = x.size(1) * x.size(2);
  if (StepMemory* const memory = memory_for(x.device()))
    return memory->view(x, {x.size(0), width}, {width, 1}, 0);
  return x.view({x.size(0), width});
}

at::Tensor view_row_range(const at::Tensor& x, int64_t begin, int64_t count) {
  COHORT_CHECK(x.dim() == 2 && begin >= 0 && begin + count <= x.size(0), "rows {} to {} of {}",
               begin, begin + count, x.size(0));
  if (StepMemory* const memory = memory_for(x.device()))
    return memory->view(x, {count, x.size(1)}, x.strides(), begin * x.stride(0));
  const at::AutoDispatchBelowADInplaceOrView below_autograd;
  return x.narrow(0, begin, count);
}

at::Tensor view_column_range(const at::Tensor& x, int64_t begin, int64_t count) {
  COHORT_CHECK(x.dim() == 2 && begin >= 0 && begin + count <= x.size(1), "columns {} to {} of {}",
               begin, begin + count, x.size(-1));
  if (StepMemory* const memory = memory_for(x.device()))
    return memory->view(x, {x.size(0), count}, {x.stride(0), 1}, begin * x.stride(1));
  const at::AutoDispatchBelowADInplaceOrView below_autograd;
  return x.narrow(1, begin, count);
}

}  // namespace cohort::kernels
