#include "kernels/device/cuda_support.cuh"

// The products of linear.h in fp32; bf16 goes to tensor cores (linear_bf16_cuda.cu).
//
// A block of 16 x 16 threads makes 64 x 64 elements of a product, each thread 4 x 4 of them. Both
// operands pass through shared memory 16 steps of k at a time; an element's accumulator takes k in
// order, whatever the rows beside it, and what lies outside the operands is 0.
namespace cohort::kernels::device {
namespace {

constexpr int kTile = 64, kDepth = 16, kSide = 16, kEach = kTile / kSide;

// sums[i][j] = sum over k < inner, in order, of a(ty + 16 i, k) b(k, tx + 16 j), where a(r, k) =
// a[r * a_line + k * a_step] for r < a_lines, and b likewise. The block calls it together.
__device__ void multiply_tile(const float* a, int64_t a_lines, int64_t a_line, int64_t a_step,
                              const float* b, int64_t b_lines, int64_t b_line, int64_t b_step,
                              int64_t inner, float (&sums)[kEach][kEach]) {
  __shared__ float a_part[kDepth][kTile + 1], b_part[kDepth][kTile + 1];
  const int tx = threadIdx.x % kSide, ty = threadIdx.x / kSide;
  for (int i = 0; i < kEach; ++i) {
    for (int j = 0; j < kEach; ++j) sums[i][j] = 0.0f;
  }
  for (int64_t begin = 0; begin < inner; begin += kDepth) {
    for (int e = threadIdx.x; e < kDepth * kTile; e += kThreads) {
      // Neighbouring threads read neighbouring elements, whichever way the operand lies.
      const int a_k = a_step == 1 ? e % kDepth : e / kTile;
      const int a_r = a_step == 1 ? e / kDepth : e % kTile;
      const int b_k = b_step == 1 ? e % kDepth : e / kTile;
      const int b_r = b_step == 1 ? e / kDepth : e % kTile;
      const bool a_in = a_r < a_lines && begin + a_k < inner;
      const bool b_in = b_r < b_lines && begin + b_k < inner;
      a_part[a_k][a_r] = a_in ? a[a_r * a_line + (begin + a_k) * a_step] : 0.0f;
      b_part[b_k][b_r] = b_in ? b[b_r * b_line + (begin + b_k) * b_step] : 0.0f;
    }
    __syncthreads();
    for (int k = 0; k < kDepth; ++k) {
      for (int i = 0; i < kEach; ++i) {
        const float value = a_part[k][ty + kSide * i];
        for (int j = 0; j < kEach; ++j) {
          sums[i][j] = fmaf(value, b_part[k][tx + kSide * j], sums[i][j]);
        }
      }
    }
    __syncthreads();
  }
}

__global__ void gemm_kernel(Gemm g) {
  const int64_t group = blockIdx.z;
  const int64_t first = g.offsets != nullptr ? g.offsets[group] : 0;
  const int64_t end = g.offsets != nullptr ? g.offsets[group + 1] : g.rows;
  const int64_t row = first + static_cast<int64_t>(blockIdx.x) * kTile;
  const int64_t column = static_cast<int64_t>(blockIdx.y) * kTile;
  if (row >= end) return;  // all threads of the block
  float sums[kEach][kEach];
  multiply_tile(static_cast<const float*>(g.a) + row * g.a_row, end - row, g.a_row, 1,
                static_cast<const float*>(g.b) + group * g.b_group + column * g.b_column,
                g.columns - column, g.b_column, g.b_row, g.inner, sums);
  const int tx = threadIdx.x % kSide, ty = threadIdx.x / kSide;
  for (int i = 0; i < kEach; ++i) {
    for (int j = 0; j < kEach; ++j) {
      const int64_t m = row + ty + kSide * i, n = column + tx + kSide * j;
      if (m < end && n < g.columns) {
        static_cast<float*>(g.out)[m * g.out_row + n] = sums[i][j];
      }
    }
  }
}

__global__ void weight_grad_kernel(WeightGrad g) {
  const int64_t segment = blockIdx.z;
  const int64_t end = g.borders[segment + 1];
  const int64_t n0 = static_cast<int64_t>(blockIdx.x) * kTile;
  const int64_t k0 = static_cast<int64_t>(blockIdx.y) * kTile;
  const int tx = threadIdx.x % kSide, ty = threadIdx.x / kSide;
  for (int64_t row = g.borders[segment]; row < end; row += g.chunk) {
    const int64_t rows = end - row < g.chunk ? end - row : g.chunk;
    float sums[kEach][kEach];
    multiply_tile(static_cast<const float*>(g.dy) + row * g.dy_row + n0, g.width_n - n0, 1,
                  g.dy_row, static_cast<const float*>(g.x) + row * g.x_row + k0, g.width_k - k0, 1,
                  g.x_row, rows, sums);
    for (int i = 0; i < kEach; ++i) {
      for (int j = 0; j < kEach; ++j) {
        const int64_t n = n0 + ty + kSide * i, k = k0 + tx + kSide * j;
        if (n < g.width_n && k < g.width_k) {
          g.grad[g.targets[segment] + n * g.width_k + k] += sums[i][j];
        }
      }
    }
  }
}

}  // namespace

void gemm(const Gemm& g) {
  if (g.element == Element::kBf16) return gemm_bf16(g);
  const dim3 grid(static_cast<unsigned>(ceil_div(g.most_rows, kTile)),
                  static_cast<unsigned>(ceil_div(g.columns, kTile)),
                  static_cast<unsigned>(g.groups));
  launch(gemm_kernel, grid, dim3(kThreads), g, "gemm");
}

void weight_grad(const WeightGrad& g) {
  if (g.element == Element::kBf16) return weight_grad_bf16(g);
  const dim3 grid(static_cast<unsigned>(ceil_div(g.width_n, kTile)),
                  static_cast<unsigned>(ceil_div(g.width_k, kTile)),
                  static_cast<unsigned>(g.segments));
  launch(weight_grad_kernel, grid, dim3(kThreads), g, "weight gradient");
}

}  // namespace cohort::kernels::device
