#include "kernels/device/product_tile.cuh"

// The products of linear.h in bf16. Few rows a group (decoding) take a tile of fewer rows and
// columns, so that more blocks read the weight; both have the same bits (product_tile.cuh).
namespace cohort::kernels::device {
namespace {

using Wide = Shape<128, 128, 32, 2, 4>;
using Few = Shape<64, 64, 64, 1, 4>;

template <class S, bool kBAlongK, class Out>
__global__ void __launch_bounds__(S::kThreadCount, 2) gemm_kernel(Gemm g) {
  const int64_t group = blockIdx.z;
  const int64_t first = g.offsets != nullptr ? g.offsets[group] : 0;
  const int64_t end = g.offsets != nullptr ? g.offsets[group + 1] : g.rows;
  const int64_t row = first + static_cast<int64_t>(blockIdx.x) * S::kTileM;
  const int64_t column = static_cast<int64_t>(blockIdx.y) * S::kTileN;
  if (row >= end) return;  // all threads of the block
  const Lines a = {static_cast<const Bf16*>(g.a) + row * g.a_row, end - row, g.a_row};
  const Lines b = {static_cast<const Bf16*>(g.b) + group * g.b_group + column * g.b_column,
                   g.columns - column, kBAlongK ? g.b_column : g.b_row};
  Sums<S> sums;
  multiply_bf16_tile<S, true, kBAlongK>(a, b, g.inner, sums);
  Out* out = static_cast<Out*>(g.out) + row * g.out_row + column;
  sums.for_each([&](int m, int n, float sum) {
    if (m < a.lines && n < b.lines) store(sum, out[m * g.out_row + n]);
  });
}

// Rows of dy and x are the steps of k here.
__global__ void __launch_bounds__(Wide::kThreadCount, 2) weight_grad_kernel(WeightGrad g) {
  const int64_t segment = blockIdx.z;
  const int64_t end = g.borders[segment + 1];
  const int64_t n0 = static_cast<int64_t>(blockIdx.x) * Wide::kTileM;
  const int64_t k0 = static_cast<int64_t>(blockIdx.y) * Wide::kTileN;
  float* grad = g.grad + g.targets[segment] + n0 * g.width_k + k0;
  for (int64_t row = g.borders[segment]; row < end; row += g.chunk) {
    const Lines dy = {static_cast<const Bf16*>(g.dy) + row * g.dy_row + n0, g.width_n - n0,
                      g.dy_row};
    const Lines x = {static_cast<const Bf16*>(g.x) + row * g.x_row + k0, g.width_k - k0, g.x_row};
    Sums<Wide> sums;
    multiply_bf16_tile<Wide, false, false>(dy, x, end - row < g.chunk ? end - row : g.chunk, sums);
    sums.for_each([&](int n, int k, float sum) {
      if (n < dy.lines && k < x.lines) grad[n * g.width_k + k] += sum;
    });
  }
}

template <class S>
void launch_gemm(const Gemm& g) {
  const dim3 grid(static_cast<unsigned>(ceil_div(g.most_rows, S::kTileM)),
                  static_cast<unsigned>(ceil_div(g.columns, S::kTileN)),
                  static_cast<unsigned>(g.groups));
  const auto go = [&](void (*kernel)(Gemm)) {
    launch(kernel, grid, dim3(S::kThreadCount), g, "bf16 gemm");
  };
  const bool fp32 = g.out_element == Element::kFp32;
  if (g.b_row == 1) {
    go(fp32 ? gemm_kernel<S, true, float> : gemm_kernel<S, true, Bf16>);
  } else {
    go(fp32 ? gemm_kernel<S, false, float> : gemm_kernel<S, false, Bf16>);
  }
}

}  // namespace

void gemm_bf16(const Gemm& g) {
  if (g.rows <= Few::kTileM * g.groups) {
    launch_gemm<Few>(g);
  } else {
    launch_gemm<Wide>(g);
  }
}

void weight_grad_bf16(const WeightGrad& g) {
  const dim3 grid(static_cast<unsigned>(ceil_div(g.width_n, Wide::kTileM)),
                  static_cast<unsigned>(ceil_div(g.width_k, Wide::kTileN)),
                  static_cast<unsigned>(g.segments));
  launch(weight_grad_kernel, grid, dim3(Wide::kThreadCount), g, "bf16 weight gradient");
}

}  // namespace cohort::kernels::device
