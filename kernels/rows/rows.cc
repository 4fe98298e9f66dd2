#include "kernels/rows/rows.h"

#include <numeric>

#include "kernels/autograd_node.h"
#include "kernels/math/scalar.h"
#include "kernels/memory/step_memory.h"
#include "kernels/op_support.h"
#include "kernels/rows/rows_device.h"

namespace cohort::kernels {
namespace {

// dx[r] = sum, in order, of dy over the picks of row r. Picks are listed by row first, so that rows
// are independent.
at::Tensor scatter_picks(const at::Tensor& dy, const at::Tensor& index, int64_t rows) {
  const int64_t picks = dy.size(0), dim = dy.size(1);
  const int32_t* picked = in_ptr<int32_t>(index);
  std::vector<int64_t> offsets(rows + 1, 0);
  for (int64_t p = 0; p < picks; ++p) ++offsets[picked[p] + 1];
  for (int64_t r = 0; r < rows; ++r) offsets[r + 1] += offsets[r];
  std::vector<int64_t> next(offsets.begin(), offsets.end() - 1), by_row(picks);
  for (int64_t p = 0; p < picks; ++p) by_row[next[picked[p]]++] = p;

  at::Tensor dx = at::empty({rows, dim}, dy.options());
  if (const auto* ops = device_ops(dy)) {
    std::vector<int64_t> all(rows);
    std::iota(all.begin(), all.end(), 0);
    device_sum_rows(*ops, dy, {all, offsets, by_row}, /*add=*/false, dx.mutable_data_ptr());
    return dx;
  }
  for_dtype(dy.scalar_type(), [&]<class T>() {
    const T* in = in_ptr<T>(dy);
    parallel_items(rows, dim, [&](int64_t begin, int64_t end) {
      std::vector<float> sum(dim);
      for (int64_t r = begin; r < end; ++r) {
        T* out = out_ptr<T>(dx) + r * dim;
        if (offsets[r + 1] - offsets[r] == 1) {
          std::memcpy(out, in + by_row[offsets[r]] * dim, dim * sizeof(T));
          continue;
        }
        std::fill(sum.begin(), sum.end(), 0.0f);
        for (int64_t i = offsets[r]; i < offsets[r + 1]; ++i) {
          const T* d = in + by_row[i] * dim;
          for (int64_t c = 0; c < dim; ++c) sum[c] += to_float(d[c]);
        }
        for (int64_t c = 0; c < dim; ++c) out[c] = from_float<T>(sum[c]);
      }
    });
  });
  return dx;
}

struct PickRowsBackward final : torch::autograd::Node {
  at::Tensor index;
  int64_t rows = 0;

  variable_list apply(variable_list&& grads) override {
    if (!grads[0].defined()) return {at::Tensor()};
    return {scatter_picks(grads[0].contiguous(), index, rows)};
  }
};

}  // namespace

at::Tensor pick_rows(const at::Tensor& x, const at::Tensor& index) {
  COHORT_CHECK(x.dim() == 2 && x.is_contiguous() && index.dim() == 1 && index.is_contiguous() &&
                   index.scalar_type() == at::kInt,
               "pick_rows: x is contiguous [M, D], index int32 [P]");
  const int64_t picks = index.size(0), dim = x.size(1);
  const int32_t* picked = in_ptr<int32_t>(index);
  for (int64_t p = 0; p < picks; ++p) {
    COHORT_CHECK(picked[p] >= 0 && picked[p] < x.size(0), "row {} of {}", picked[p], x.size(0));
  }
  at::Tensor y = result({picks, dim}, x.options());
  if (const auto* ops = device_ops(x)) {
    device_gather_rows(*ops, x, std::span(picked, static_cast<size_t>(picks)), y);
  } else {
    const int64_t row_bytes = dim * static_cast<int64_t>(x.element_size());
    parallel_items(picks, dim, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        std::memcpy(out_ptr<char>(y) + p * row_bytes, in_ptr<char>(x) + picked[p] * row_bytes,
                    row_bytes);
      }
    });
  }
  if (takes_gradient(x)) {
    auto node = make_node<PickRowsBackward>(x);
    node->index = index;
    node->rows = x.size(0);
    set_output(y, node);
  }
  return y;
}

}  // namespace cohort::kernels
