// Rotary position embedding on the last `rotary` dimensions of each head.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace cohort::kernels {

struct RopeTable {
  at::Tensor cos, sin;  // [max_position, rotary / 2] fp32, attention factor included
  RopeTable to(at::Device device) const { return {cos.to(device), sin.to(device)}; }
};

// How frequencies are stretched when factor is above 1: YaRN (arXiv 2309.00071, with DeepSeek's
// mscale), Llama 3.1's bands, or all by the factor.
enum class RopeScaling { yarn, llama3, linear };

struct RopeConfig {
  int64_t rotary = 0;
  double theta = 10000;
  RopeScaling scaling = RopeScaling::yarn;
  double factor = 1;  // 1: plain rope
  int64_t original_max_position = 4096;
  double beta_fast = 32, beta_slow = 1;              // yarn
  double mscale = 1, mscale_all_dim = 0;             // yarn
  double low_freq_factor = 1, high_freq_factor = 4;  // llama3
};
// inv_j, stretched: [rotary / 2].
std::vector<double> rope_frequencies(const RopeConfig& config);
RopeTable make_rope_table(const RopeConfig& config, int64_t max_position);

// x [T, heads, D] (rows may be strided); rotates x[..., D - rotary:]; the rest is copied. positions
// [T] int32, in host memory. interleaved: pairs are (2j, 2j+1) (DeepSeek), else (j, j + rotary/2)
// (Llama). As transformers does, an interleaved input comes out in half-split order; dot products
// are the same. Result contiguous, takes part in autograd.
at::Tensor rope(const at::Tensor& x, const RopeTable& table, const at::Tensor& positions,
                bool interleaved);

}  // namespace cohort::kernels
