// A tile of a product on tensor cores, of bf16 operands or of others whose elements, or pairs of
// them along k, have 16 bits.
//
// sums(m, n) = sum over k < inner of a(m, k) b(n, k), 16 steps of k at a time from k = 0. What lies
// outside of the operands is 0. An element takes the same steps whatever the tile's size and
// wherever in a tile it lies, so tiles of different sizes give it the same bits.
#pragma once

#include "kernels/device/tensor_core.cuh"

namespace cohort::kernels::device {

// Element (line, k) at data[line * stride + k], or where the lines lie side by side (along_k false)
// at data[k * stride + line].
struct Lines {
  const Bf16* data;
  int64_t lines, stride;

  // Whether 8 neighbours can be copied at once; no bit depends on it.
  __device__ bool aligned() const {
    return reinterpret_cast<uintptr_t>(data) % 16 == 0 && stride % 8 == 0;
  }
};

// kLines lines of an operand and kDepth steps of k in shared memory, as they lie in device memory.
// Rows are 16 bytes longer than what they hold, so that the 8 rows of a matrix are in different
// banks.
template <int kLines, int kDepth, bool kAlongK, int kThreadCount>
struct Part {
  static constexpr int kWidth = kAlongK ? kDepth : kLines, kHeight = kAlongK ? kLines : kDepth;
  static constexpr int kRow = kWidth + 8, kSize = kHeight * kRow;

  // Copies steps [begin, begin + kDepth); the block calls it together.
  __device__ static void copy(Bf16* part, const Lines& from, int64_t begin, int64_t inner) {
    constexpr int kPieces = kWidth / 8;
    const bool aligned = from.aligned();
    COHORT_UNROLL
    for (int piece = threadIdx.x; piece < kHeight * kPieces; piece += kThreadCount) {
      const int row = piece / kPieces, first = piece % kPieces * 8;
      const int64_t line = kAlongK ? row : first, k = begin + (kAlongK ? first : row);
      const int64_t left = kAlongK ? inner - k : from.lines - line;
      const bool inside = line < from.lines && k < inner;
      const int count = inside ? static_cast<int>(left < 8 ? left : 8) : 0;
      const Bf16* source = from.data;
      if (inside) source += kAlongK ? line * from.stride + k : k * from.stride + line;
      Bf16* target = part + row * kRow + first;
      if (aligned) {
        copy_16_async(target, source, count * static_cast<int>(sizeof(Bf16)));
      } else {
        for (int i = 0; i < 8; ++i) target[i] = i < count ? source[i] : Bf16{0};
      }
    }
  }

  // 16 lines from `line` and 16 steps from `k` as four matrices of 8 x 8: by lines (first or second
  // 8) and k. lines_first: matrix 1 is the second 8 lines, as a fragment of a has it; else the
  // second 8 steps, as two fragments of b have it.
  __device__ static void load(uint32_t (&words)[4], const Bf16* part, int line, int k,
                              bool lines_first) {
    const int lane = threadIdx.x % 32, low = lane / 8 % 2 * 8, high = lane / 16 * 8;
    line += lines_first ? low : high;
    k += lines_first ? high : low;
    if constexpr (kAlongK) {
      load_matrices(words, part + (line + lane % 8) * kRow + k);
    } else {
      load_matrices_transposed(words, part + (k + lane % 8) * kRow + line);
    }
  }
};

// kWarpsM x kWarpsN warps make kTileM x kTileN sums.
template <int kTileM_, int kTileN_, int kDepth_, int kWarpsM_, int kWarpsN_>
struct Shape {
  static constexpr int kTileM = kTileM_, kTileN = kTileN_, kDepth = kDepth_;
  static constexpr int kWarpsM = kWarpsM_, kWarpsN = kWarpsN_;
  static constexpr int kThreadCount = 32 * kWarpsM * kWarpsN;
  static constexpr int kWarpM = kTileM / kWarpsM, kWarpN = kTileN / kWarpsN;  // of a warp
  static constexpr int kEachM = kWarpM / 16, kEachN = kWarpN / 8;             // multiplications
  static_assert(kWarpM % 16 == 0 && kWarpN % 16 == 0 && kDepth % 16 == 0);
};

template <class S>
struct Sums {
  float values[S::kEachM][S::kEachN][4] = {};

  __device__ static int first_row() { return threadIdx.x / 32 % S::kWarpsM * S::kWarpM; }
  __device__ static int first_column() { return threadIdx.x / 32 / S::kWarpsM * S::kWarpN; }
  // Of values[i][j][e].
  __device__ static int row_of(int i, int e) {
    return first_row() + i * 16 + e / 2 * 8 + threadIdx.x % 32 / 4;
  }
  __device__ static int column_of(int j, int e) {
    return first_column() + j * 8 + threadIdx.x % 4 * 2 + e % 2;
  }

  // fn(i, j, e) for every sum of this thread.
  template <class Fn>
  __device__ static void for_each_index(const Fn& fn) {
    COHORT_UNROLL
    for (int i = 0; i < S::kEachM; ++i) {
      COHORT_UNROLL
      for (int j = 0; j < S::kEachN; ++j) {
        COHORT_UNROLL
        for (int e = 0; e < 4; ++e) fn(i, j, e);
      }
    }
  }
  // fn(m, n, sum)
  template <class Fn>
  __device__ void for_each(const Fn& fn) const {
    for_each_index(
        [&](int i, int j, int e) { fn(row_of(i, e), column_of(j, e), values[i][j][e]); });
  }
  __device__ void clear() {
    for_each_index([&](int i, int j, int e) { values[i][j][e] = 0.0f; });
  }
};

// How a warp multiplies 16 x 16 elements by 16 x 8.
struct Bf16Products {
  __device__ static void multiply(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    multiply_16x8x16(c, a, b0, b1);
  }
};

// One stage of both operands: what 16-step multiplications it holds.
template <class S, class Products, class PartA, class PartB>
__device__ void multiply_stage(const Bf16* a, const Bf16* b, int rows, Sums<S>& sums) {
  COHORT_UNROLL
  for (int k = 0; k < S::kDepth; k += 16) {
    uint32_t b_words[S::kEachN / 2][4];
    COHORT_UNROLL
    for (int j = 0; j < S::kEachN / 2; ++j) {
      PartB::load(b_words[j], b, sums.first_column() + j * 16, k, /*lines_first=*/false);
    }
    COHORT_UNROLL
    for (int i = 0; i < S::kEachM; ++i) {
      if (i * 16 >= rows) continue;
      uint32_t a_words[4];
      PartA::load(a_words, a, sums.first_row() + i * 16, k, /*lines_first=*/true);
      COHORT_UNROLL
      for (int j = 0; j < S::kEachN; ++j) {
        const uint32_t* words = b_words[j / 2] + j % 2 * 2;
        Products::multiply(sums.values[i][j], a_words, words[0], words[1]);
      }
    }
  }
}

// Adds the products of a tile to sums; the block calls it together. The next stage is copied while
// one is multiplied, and after(end) is called when the steps before `end` have been. `a` and `b`
// begin at the tile's first row and column.
template <class S, class Products, bool kAAlongK, bool kBAlongK, class After>
__device__ void multiply_tile(const Lines& a, const Lines& b, int64_t inner, Sums<S>& sums,
                              const After& after) {
  using PartA = Part<S::kTileM, S::kDepth, kAAlongK, S::kThreadCount>;
  using PartB = Part<S::kTileN, S::kDepth, kBAlongK, S::kThreadCount>;
  alignas(16) __shared__ Bf16 a_parts[2][PartA::kSize];
  alignas(16) __shared__ Bf16 b_parts[2][PartB::kSize];
  // Rows of a that this warp multiplies: those outside are not stored by anyone.
  const int64_t left = sums.first_column() < b.lines ? a.lines - sums.first_row() : 0;
  const int rows = static_cast<int>(left < S::kWarpM ? left : S::kWarpM);
  const auto copy = [&](int stage, int64_t begin) {
    if (begin < inner) {
      PartA::copy(a_parts[stage], a, begin, inner);
      PartB::copy(b_parts[stage], b, begin, inner);
    }
    commit_copies();
  };
  copy(0, 0);
  int stage = 0;
  for (int64_t begin = 0; begin < inner; begin += S::kDepth, stage ^= 1) {
    copy(stage ^ 1, begin + S::kDepth);
    wait_for_copies<1>();
    __syncthreads();
    multiply_stage<S, Products, PartA, PartB>(a_parts[stage], b_parts[stage], rows, sums);
    after(begin + S::kDepth < inner ? begin + S::kDepth : inner);
    __syncthreads();
  }
}

template <class S, bool kAAlongK, bool kBAlongK>
__device__ void multiply_bf16_tile(const Lines& a, const Lines& b, int64_t inner, Sums<S>& sums) {
  multiply_tile<S, Bf16Products, kAAlongK, kBAlongK>(a, b, inner, sums, [](int64_t) {});
}

}  // namespace cohort::kernels::device
