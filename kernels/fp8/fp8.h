// FP8 in blocks, as DeepSeek-V3 trains (report, section 3.3): rows of activations in blocks of 1 x
// 128 and weights in blocks of 128 x 128, each block with one fp32 scale; codes are e4m3.
//
//   scale = largest |x| of the block / 448 (1 where that is 0);  code = e4m3(x / scale), nearest
//   even y[m, n] = sum over blocks b of k, in order, of  s_x[m, b] s_w[n / 128, b] p_b(m, n),
//   p_b(m, n) = sum over k in b of x[m, k] w[n, k]  by tensor cores, from 0
//
// The sum over blocks is in fp32 (a fused multiplication and addition a block): tensor cores keep
// fewer bits than fp32 when they add up FP8 products, and a sum of 128 is short enough for them. A
// row has the same bits in every batch, as in linear.h.
//
// For `exact: false` and for measurements: nothing in training or in rollouts calls it. The device
// library has it; CheckError for tensors in host memory.
#pragma once

#include <ATen/core/Tensor.h>

namespace cohort::kernels {

inline constexpr int64_t kFp8Block = 128;

// x[m, k] = value(codes[m, k]) * scales[m / h, k / 128], h = 1 (rows) or 128 (a weight).
struct Fp8Blocks {
  at::Tensor codes;   // [M, K] uint8
  at::Tensor scales;  // [ceil(M / h), ceil(K / 128)] fp32
  int64_t height = 1;
};

// x [M, K] fp32 or bf16, rows contiguous, K a multiple of 16.
Fp8Blocks fp8_rows(const at::Tensor& x);
Fp8Blocks fp8_weight(const at::Tensor& w);

// x of fp8_rows [M, K], w of fp8_weight [N, K]: y [M, N], fp32 or bf16.
at::Tensor fp8_linear(const Fp8Blocks& x, const Fp8Blocks& w, at::ScalarType type);

}  // namespace cohort::kernels
