#include "kernels/linear/linear_device.h"

#include <algorithm>

#include "kernels/linear/gemm.h"

namespace cohort::kernels {

using namespace device;

namespace {

// Of a weight gradient: a chunk of rows is one accumulator that starts at 0, and is added to the
// gradient in turn.
constexpr int64_t kChunkRows = 512;

}  // namespace

void device_multiply(const DeviceOps& ops, const at::Tensor& x, const Param& w,
                     std::span<const int64_t> offsets, bool transposed, const at::Tensor& out) {
  const int64_t groups = static_cast<int64_t>(offsets.size()) - 1;
  int64_t most_rows = 0;
  for (int64_t g = 0; g < groups; ++g) most_rows = std::max(most_rows, offsets[g + 1] - offsets[g]);
  const at::Tensor uploaded = groups > 1 ? upload(offsets, x) : at::Tensor();
  device_multiply(ops, x, w, {groups, in_as<int64_t>(uploaded), most_rows}, transposed, out);
}

void device_multiply(const DeviceOps& ops, const at::Tensor& x, const Param& w,
                     const DeviceGroups& groups, bool transposed, const at::Tensor& out) {
  const at::Tensor& weight = w.data;
  const int64_t n = weight.size(-2), k = weight.size(-1);
  const int64_t columns = transposed ? k : n, inner = transposed ? n : k;
  COHORT_CHECK(weight.is_contiguous() && x.dim() == 2 && x.size(1) == inner && out.dim() == 2 &&
                   out.size(0) == x.size(0) && out.size(1) == columns &&
                   (inner <= 1 || x.stride(1) == 1) && (columns <= 1 || out.stride(1) == 1),
               "linear: [{}, {}] by a [{}, {}] weight into [{}, {}]", x.size(0), x.size(1), n, k,
               out.size(0), out.size(1));
  ops.gemm({.element = element_of(x),
            .out_element = element_of(out),
            .a = device::in(x),
            .a_row = x.stride(0),
            .b = device::in(weight),
            .b_group = n * k,
            .b_row = transposed ? k : 1,
            .b_column = transposed ? 1 : k,
            .out = device::out(out),
            .out_row = out.stride(0),
            .rows = x.size(0),
            .columns = columns,
            .inner = inner,
            .groups = groups.groups,
            .offsets = groups.offsets,
            .most_rows = groups.most_rows});
}

namespace {

int64_t num_groups(const Param& w) { return w.data.dim() == 3 ? w.data.size(0) : 1; }

}  // namespace

void device_weight_grad(const DeviceOps& ops, const at::Tensor& dy, const at::Tensor& x,
                        const Param& w, std::span<const int64_t> borders) {
  COHORT_CHECK_EQ(static_cast<int64_t>(borders.size()), num_groups(w) * w.grad.size(0) + 1);
  const at::Tensor uploaded = upload(borders, x);
  device_weight_grad(ops, dy, x, w, in_as<int64_t>(uploaded));
}

void device_weight_grad(const DeviceOps& ops, const at::Tensor& dy, const at::Tensor& x,
                        const Param& w, const int64_t* borders) {
  const int64_t n = w.data.size(-2), k = w.data.size(-1), shards = w.grad.size(0);
  std::vector<int64_t> targets;
  for (int64_t g = 0; g < num_groups(w); ++g)
    for (int64_t s = 0; s < shards; ++s) targets.push_back(s * w.grad.stride(0) + g * n * k);
  const at::Tensor uploaded = upload(std::span<const int64_t>(targets), x);
  ops.weight_grad({.element = element_of(x),
                   .dy = device::in(dy),
                   .dy_row = dy.stride(0),
                   .x = device::in(x),
                   .x_row = x.stride(0),
                   .width_n = n,
                   .width_k = k,
                   .chunk = kChunkRows,
                   .grad = out_as<float>(w.grad),
                   .segments = static_cast<int64_t>(targets.size()),
                   .borders = borders,
                   .targets = in_as<int64_t>(uploaded)});
}

}  // namespace cohort::kernels
