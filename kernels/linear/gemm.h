// The GEMM over threads: packed weights, groups, blocks for the caches. For kernels/linear and
// kernels/moe.
//
// How work is cut (row blocks, panels, threads) changes no bit: an element of C is one accumulator
// over the whole inner dimension, whoever computes it.
#pragma once

#include <span>
#include <vector>

#include "kernels/linear/dispatch.h"
#include "kernels/param.h"

namespace cohort::kernels::gemm {

// B of C[rows, columns] = A[rows, inner] B, one a group.
struct PackedWeight {
  const char* data;
  int64_t group_bytes, panel_bytes;
  int64_t columns, inner;

  const char* group(int64_t g) const { return data + g * group_bytes; }
};
// Columns, or inner places, [first, first + count) of it; first is a multiple of kPart.
inline constexpr int64_t kPart = 32;  // a whole panel, and a whole chunk of every kernel's steps
PackedWeight part_of_columns(const PackedWeight& b, int64_t first, int64_t count);
PackedWeight part_of_inner(const PackedWeight& b, Element element, int64_t first, int64_t count);

// Packed copies of w [N, K] or [G, N, K], made anew when w.version has moved. Not to be called from
// two threads at once.
PackedWeight packed_forward(const Param& w);   // B[k][n] = w[n][k]
PackedWeight packed_backward(const Param& w);  // B[n][k] = w[n][k]

// C and how it is written.
struct Target2D {
  char* data;
  int64_t row_elements;
  Output output;
};
Target2D target_of(const at::Tensor& out);  // [M, N] with a contiguous last dimension
Rows rows_of(const at::Tensor& x);          // the same

// A few buffers of the calling thread, 64-byte aligned and kept: what a block needs between two
// products.
enum class Scratch { kA, kTransposed, kPanels, kFirst, kSecond, kThird };
char* thread_scratch(Scratch slot, int64_t bytes);

// C[0..rows, panels [begin, end)] on the calling thread.
void multiply_block(const MicroKernels& kernels, const Rows& x, int64_t rows, const PackedWeight& b,
                    int64_t group, int64_t panel_begin, int64_t panel_end, const Target2D& c);
// All columns.
void multiply_block(const MicroKernels& kernels, const Rows& x, int64_t rows, const PackedWeight& b,
                    int64_t group, const Target2D& c);

// Rows [offsets[g], offsets[g + 1]) of C from group g, on all threads.
void multiply(const MicroKernels& kernels, const Rows& x, std::span<const int64_t> offsets,
              const PackedWeight& b, const Target2D& c);

// grad[n, k] += sum over rows m in [begin, end) of dy[m, n] x[m, k]: one accumulator that starts at
// grad and takes the rows in order.
struct WeightGradSegment {
  int64_t begin, end;
  float* grad;
};
void weight_grad(const MicroKernels& kernels, const Rows& dy, const Rows& x, int64_t n, int64_t k,
                 std::span<const WeightGradSegment> segments);
// Segment (g, s), rows [rows[g * S + s], rows[g * S + s + 1]), and where its gradient goes in
// w.grad [S, G, N, K].
std::vector<WeightGradSegment> grouped_segments(const Param& w, std::span<const int64_t> rows);

}  // namespace cohort::kernels::gemm
