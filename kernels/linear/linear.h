// y[m, n] = sum_k x[m, k] w[n, k], row-invariant: every y[m, n] is one accumulator that runs over k
// in one fixed order, so a row has the same bits alone and in any batch, on any number of threads.
// fp32 or bf16 inputs, fp32 accumulation. No bias (the architecture has none).
//
// Backward: dX[m, k] = sum_n dY[m, n] w[n, k], row-invariant in the same way;
//           dW_s[n, k] += sum over the rows m of shard s, in order, dY[m, n] x[m, k], fp32.
#pragma once

#include "kernels/param.h"

namespace cohort::kernels {

// x [M, K] in w's dtype, rows contiguous; result [M, N] in x's dtype, or fp32 when fp32_out. Takes
// part in autograd when x requires a gradient. Empty M is allowed.
at::Tensor linear(const at::Tensor& x, const Param& w, const RowShards& shards,
                  bool fp32_out = false);

// One weight a group: group g's rows are [offsets[g], offsets[g+1]) of x; w [G, N, K]. The building
// block of the experts and of absorbed MLA (a group a head). No autograd; kernels/moe calls these.
// transposed: y[m, k] = sum_n x[m, n] w[g, n, k] (the direction of dX).
void grouped_linear_out(const at::Tensor& x, const Param& w, const std::vector<int64_t>& offsets,
                        bool transposed, at::Tensor& out);
// grad[s, g] += dY^T X over the rows of group g that belong to shard s. Row segments of (g, s) are
// [segments[g * S + s], segments[g * S + s + 1]): within a group, rows are in shard order.
void grouped_weight_grad(const at::Tensor& dy, const at::Tensor& x, const Param& w,
                         const std::vector<int64_t>& segments);

// The plain GEMM pieces, for kernels/token_logprob: out[M, N] fp32 = x w^T; dx = dy w; grad[s] +=
// dy^T x.
void linear_out(const at::Tensor& x, const Param& w, at::Tensor& out);
void linear_input_grad_out(const at::Tensor& dy, const Param& w, at::Tensor& dx);
void linear_weight_grad(const at::Tensor& dy, const at::Tensor& x, const Param& w,
                        const std::vector<int64_t>& shard_offsets);

// The same for rows [first, first + count) of a weight on the CPU, for a vocabulary that is taken
// part by part; first is a multiple of 32. The sums have the bits of the whole: dx, fp32, goes on
// where the part before ended.
struct WeightPart {
  const Param& w;  // [N, K]
  int64_t first, count;
};
void linear_part_out(const at::Tensor& x, const WeightPart& part, at::Tensor& out);
void linear_part_input_grad(const at::Tensor& dy, const WeightPart& part, at::Tensor& dx);
void linear_part_weight_grad(const at::Tensor& dy, const at::Tensor& x, const WeightPart& part,
                             int64_t shard);

// Which micro-kernel this machine uses ("avx512-bf16", "avx512", "avx2", "portable"; "cuda" for a
// weight in device memory), for the manifest.
const char* linear_kernel_name(at::ScalarType dtype);
const char* linear_kernel_name(const at::Tensor& weight);

}  // namespace cohort::kernels
