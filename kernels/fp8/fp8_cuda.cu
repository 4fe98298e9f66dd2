#include "kernels/device/product_tile.cuh"
#include "kernels/fp8/e4m3.cuh"

namespace cohort::kernels::device {
namespace {

constexpr int kBlock = 128;  // columns of a block with one scale; rows of a weight's too
constexpr int kWarps = kThreads / 32;

// Also 1 where the quotient is too small for a float.
__device__ float scale_of(float largest) {
  const float scale = largest / kLargestE4m3;
  return scale > 0.0f ? scale : 1.0f;
}

// A warp a block of 1 x 128, four columns a lane.
template <class T>
__global__ void quantize_rows_kernel(Fp8Quantize s) {
  const int64_t across = (s.columns + kBlock - 1) / kBlock;
  const int64_t item = static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / 32;
  if (item >= s.rows * across) return;  // all lanes of the warp
  const int64_t row = item / across, column = item % across * kBlock + threadIdx.x % 32 * 4;
  float values[4], largest = 0.0f;
  for (int i = 0; i < 4; ++i) {
    const bool inside = column + i < s.columns;
    values[i] = inside ? load(static_cast<const T*>(s.x)[row * s.x_row + column + i]) : 0.0f;
    largest = fmaxf(largest, fabsf(values[i]));
  }
  for (int half = 16; half > 0; half /= 2) largest = fmaxf(largest, of_other_lane(largest, half));
  const float scale = scale_of(largest);
  for (int i = 0; i < 4; ++i) {
    if (column + i < s.columns)
      s.codes[row * s.columns + column + i] = e4m3_code(values[i] / scale);
  }
  if (threadIdx.x % 32 == 0) s.scales[item] = scale;
}

// A block of threads a block of 128 x 128, neighbouring threads neighbouring columns.
template <class T>
__global__ void quantize_weight_kernel(Fp8Quantize s) {
  const int64_t across = (s.columns + kBlock - 1) / kBlock;
  const int64_t column = blockIdx.x % across * kBlock + threadIdx.x % kBlock;
  const int64_t first = blockIdx.x / across * kBlock, step = kThreads / kBlock;
  const int64_t end = first + kBlock < s.rows ? first + kBlock : s.rows;
  const T* x = static_cast<const T*>(s.x) + column;
  float largest = 0.0f;
  for (int64_t row = first + threadIdx.x / kBlock; row < end && column < s.columns; row += step) {
    largest = fmaxf(largest, fabsf(load(x[row * s.x_row])));
  }
  const float scale = scale_of(block_max<kThreads>(largest));
  for (int64_t row = first + threadIdx.x / kBlock; row < end && column < s.columns; row += step) {
    s.codes[row * s.columns + column] = e4m3_code(load(x[row * s.x_row]) / scale);
  }
  if (threadIdx.x == 0) s.scales[blockIdx.x] = scale;
}

struct E4m3Products {
  __device__ static void multiply(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    multiply_e4m3(c, a, b0, b1);
  }
};

// Two codes of neighbouring k are an element here. The columns of a tile lie in one block of the
// weight, and a block of k is a whole number of stages.
using Tile = Shape<128, 64, 32, 4, 2>;
constexpr int kPairs = kBlock / 2;
static_assert(kBlock % Tile::kTileN == 0 && kPairs % Tile::kDepth == 0);

template <class Out>
__global__ void __launch_bounds__(Tile::kThreadCount, 2) gemm_kernel(Fp8Gemm g) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * Tile::kTileM;
  const int64_t column = static_cast<int64_t>(blockIdx.y) * Tile::kTileN;
  const int64_t pairs = g.inner / 2, across = (g.inner + kBlock - 1) / kBlock;
  const Lines x = {reinterpret_cast<const Bf16*>(g.x + row * g.inner), g.rows - row, pairs};
  const Lines w = {reinterpret_cast<const Bf16*>(g.w + column * g.inner), g.columns - column,
                   pairs};
  const float* x_scales = g.x_scales + row * across;
  const float* w_scales = g.w_scales + column / kBlock * across;
  Sums<Tile> part, total;
  multiply_tile<Tile, E4m3Products, true, true>(x, w, pairs, part, [&](int64_t end) {
    if (end % kPairs != 0 && end < pairs) return;
    const int64_t block = (end - 1) / kPairs;
    Sums<Tile>::for_each_index([&](int i, int j, int e) {
      const int m = Sums<Tile>::row_of(i, e);
      const float scale = m < x.lines ? x_scales[m * across + block] * w_scales[block] : 0.0f;
      total.values[i][j][e] = fmaf(part.values[i][j][e], scale, total.values[i][j][e]);
    });
    part.clear();
  });
  Out* out = static_cast<Out*>(g.out) + row * g.columns + column;
  total.for_each([&](int m, int n, float sum) {
    if (m < x.lines && n < w.lines) store(sum, out[m * g.columns + n]);
  });
}

}  // namespace

void fp8_quantize(const Fp8Quantize& s) {
  const int64_t blocks = ceil_div(s.rows, s.height) * ceil_div(s.columns, kBlock);
  for_element(s.element, [&]<class T>() {
    if (s.height == 1) {
      launch(quantize_rows_kernel<T>, one_block_each(ceil_div(blocks, kWarps)), dim3(kThreads), s,
             "fp8 rows");
    } else {
      launch(quantize_weight_kernel<T>, one_block_each(blocks), dim3(kThreads), s, "fp8 weight");
    }
  });
}

void fp8_gemm(const Fp8Gemm& g) {
  const dim3 grid(static_cast<unsigned>(ceil_div(g.rows, Tile::kTileM)),
                  static_cast<unsigned>(ceil_div(g.columns, Tile::kTileN)), 1);
  if (g.out_element == Element::kFp32) {
    launch(gemm_kernel<float>, grid, dim3(Tile::kThreadCount), g, "fp8 gemm");
  } else {
    launch(gemm_kernel<Bf16>, grid, dim3(Tile::kThreadCount), g, "fp8 gemm");
  }
}

}  // namespace cohort::kernels::device
