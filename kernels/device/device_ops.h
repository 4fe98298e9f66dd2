// What the program and the device library (libcohort_cuda.so) agree on: one table of launchers, one
// entry a kernel. Pointers are device memory unless they say otherwise; sizes and strides are in
// elements. A launcher returns at once; all work of a process is on one stream, in order, and it is
// the stream that LibTorch uses. A launcher that fails throws std::runtime_error.
//
// Every output element is one accumulator that runs in one order, which depends on the shape of its
// own row alone: the numerics contract holds on the device as it does on the CPU.
#pragma once

#include <cstdint>

namespace cohort::kernels::device {

enum class Element : int32_t { kFp32, kBf16 };

// out[m, n] = sum over k, in order, of a[m, k] b_g[k, n], for the rows m of group g.
struct Gemm {
  Element element, out_element;
  const void* a;
  int64_t a_row;  // a[m, k] = a[m * a_row + k]
  const void* b;
  int64_t b_group, b_row, b_column;  // b_g[k, n] = b[g * b_group + k * b_row + n * b_column]
  void* out;
  int64_t out_row;
  int64_t rows, columns, inner;
  int64_t groups;
  const int64_t* offsets;  // group g has rows [offsets[g], offsets[g + 1]); null: one group of all
  int64_t most_rows;       // of any group, or more
};

// grad[target_i + n * width_k + k] += sum over the rows m of segment i, in order, of
// dy[m, n] x[m, k]; rows in chunks of `chunk`, each an accumulator that starts at 0.
struct WeightGrad {
  Element element;
  const void* dy;
  int64_t dy_row;
  const void* x;
  int64_t x_row;
  int64_t width_n, width_k, chunk;
  float* grad;
  int64_t segments;
  const int64_t* borders;  // segment i has rows [borders[i], borders[i + 1])
  const int64_t* targets;
};

// kernels/fp8/fp8.h: codes [rows, columns] and their scales, a block of `height` x 128 each.
struct Fp8Quantize {
  Element element;
  int64_t rows, columns, height;
  const void* x;
  int64_t x_row;
  uint8_t* codes;
  float* scales;
};
// out [rows, columns] = x w^T; codes x [rows, inner] and w [columns, inner], 16-byte aligned.
struct Fp8Gemm {
  Element out_element;
  int64_t rows, columns, inner;
  const uint8_t *x, *w;
  const float *x_scales, *w_scales;
  void* out;
};

// Element (row, head, d) at data[row * row_stride + head * head_stride + d].
struct HeadTensor {
  void* data;
  int64_t row_stride, head_stride;
};

// kernels/attention/attention.h. Query t sees limits[t] keys; key j of them is row
// key_rows[first_keys[t] + j].
struct Attention {
  Element element;
  HeadTensor q, k, v, out;
  int64_t queries, heads, group, key_dim, value_dim;
  float scale;
  const int64_t *first_keys, *limits, *key_rows;
};
// Row r of k and v is key j of its uses u in [use_offsets[r], use_offsets[r + 1]), and is seen by
// the queries [use_begin[u], use_end[u]). dk and dv are contiguous fp32 and written whole; dq has
// q's layout in `out`. stats [queries, heads, 3] is scratch.
struct AttentionBackward {
  Attention forward;  // its `out` is dq
  HeadTensor d_out;
  int64_t rows;  // of k and v
  const int64_t *use_offsets, *use_begin, *use_end;
  float *stats, *dk, *dv;
};

// kernels/rms_norm/rms_norm_rows.h. delta and residual null: no residual is added.
struct RmsNorm {
  Element element;
  int64_t rows, dim, x_row;
  float eps;
  bool unit_offset;
  const void *x, *delta, *w;
  void *residual, *y;
};
struct RmsNormBackward {
  Element element;
  int64_t rows, dim, x_row;
  float eps;
  bool unit_offset;
  const void *x, *w, *dy, *d_residual;  // d_residual may be null
  void* dx;
  float* scale;  // [rows], for the weight's gradient
};
// dw[c] += sum over rows [begin, end), in order.
struct RmsNormWeightGrad {
  Element element;
  int64_t begin, end, dim, x_row;
  bool unit_offset;
  const void *x, *dy;
  const float* scale;
  float* dw;
};

// kernels/rope/rope_rows.h. Backward: in is dy, out is dx, both contiguous.
struct Rope {
  Element element;
  bool backward, interleaved;
  int64_t rows, heads, dim, rotary;
  const void* in;
  int64_t in_row, in_head;
  void* out;
  const float *cos, *sin;
  const int32_t* positions;
};

// [rows, 2 * inner] and [rows, inner], contiguous. d_gate_up null: forward.
struct Swiglu {
  Element element;
  bool gelu_tanh;  // else SiLU
  int64_t rows, inner;
  const void* gate_up;
  void* y;  // forward
  const void* dy;
  void* d_gate_up;
};

// kernels/router/router.h. scratch: 2 (experts + groups) floats a row.
struct Route {
  Element element;
  int64_t rows, dim, experts, top_k, groups, top_k_groups;
  bool norm_topk_prob, mask_with_zero, softmax;
  float scale;
  const void *x, *w;
  const float* bias;
  float* scores;  // [rows, experts]
  int32_t* index;
  float* weight;
  float* scratch;
};
// d_logits [rows, experts] from the gradient of the weights (null: none) and of the balance loss.
struct RouteGrad {
  int64_t rows, experts, top_k;
  bool norm_topk_prob, softmax;
  float scale;
  const float* scores;
  const int32_t* index;
  const float* d_weight;
  int64_t sequences;
  const int64_t* sequence_offsets;  // [sequences + 1]
  const float* coef;                // [sequences]
  double *frequency, *probability;  // [sequences, experts]; filled by balance_stats
  float* d_logits;
};
struct GateGrad {
  Element element;
  int64_t rows, experts, dim;
  const float* d_logits;
  const void *x, *w;
  void* dx;
  int64_t begin, end;  // rows of dw
  float* dw;           // += ; [experts, dim]
};

// out[p] = in[index[p]]
struct GatherRows {
  Element element;
  int64_t rows, dim;
  const void* in;
  int64_t in_row;
  const int32_t* index;
  void* out;
};
// out[target[i]] (+)= sum over s in [offsets[i], offsets[i + 1]), in order, of in[source[s]].
// add: out is fp32 and the sum goes on from it; else the sum starts at 0 and is rounded to element.
struct SumRows {
  Element element;
  int64_t count, dim;
  const void* in;
  const int64_t *target, *offsets, *source;
  void* out;
  bool add;
};
// kernels/moe/plan.h: index [tokens, top_k], each in [0, experts); offsets [experts + 1]; token,
// slot and row [tokens * top_k].
struct SortByExpert {
  int64_t tokens, top_k, experts;
  const int32_t* index;
  int64_t* offsets;
  int32_t *token, *slot, *row;
};
// borders[e * shards + s]: the first row of expert e, or the row after its last, whose token is not
// before shard_rows[s]; borders [experts * shards + 1], the last is the number of rows.
struct ExpertBorders {
  int64_t experts, shards;
  const int64_t* offsets;
  const int32_t* token;
  const int64_t* shard_rows;
  int64_t* borders;
};
// y[t] = sum over j < top_k, in order, of weights[t * top_k + j] * rows[picks[t * top_k + j]];
// weights null: all 1.
struct CombineRows {
  Element element;
  int64_t tokens, top_k, width;
  const void* rows;
  const int32_t* picks;
  const float* weights;
  void* y;
};
// kernels/moe/moe_rows.h, weigh_expert_row, for every row r with slot[r].
struct WeighRows {
  Element element;
  int64_t rows, width;
  const float* weight;
  const int32_t* slot;
  const float* d_act;
  void *act, *d_weighted;
  float* d_weight;
};

// Softmax of rows of logits / temperature over the first num_valid columns; kernels/token_logprob.
struct SoftmaxRows {
  int64_t rows, columns, num_valid;
  float inv_temperature;
  const float* logits;
  const int32_t* targets;  // null: no log-probs
  float *max, *lse, *entropy, *logprob;
};
struct LogprobGrad {
  Element element;
  int64_t rows, columns, num_valid;
  float inv_temperature;
  const float* logits;
  const int32_t* targets;
  const float *lse, *entropy;
  const float *d_logprob, *d_entropy;  // either may be null
  void* d_logits;
};

// kernels/optimizer. Coefficients are rounded to fp32 by the caller.
struct AdamW {
  int64_t size;
  float *w, *m, *v;
  const float* grad;
  float grad_scale, beta1, one_minus_beta1, beta2, one_minus_beta2;
  float inv_correction1, inv_correction2, eps, lr, weight_decay;
};
struct SumsOfSquares {
  int64_t size, block;
  const float* x;
  double* sums;  // one a block
};
// out = the fixed binary tree over `parts` vectors, part p at in + p * part_stride.
struct TreeSum {
  int64_t size, parts, part_stride;
  const float* in;
  float* out;
};

// Raised with every change of this file: a library of another version is refused.
inline constexpr int64_t kDeviceOpsVersion = 4;

struct DeviceOps {
  int64_t version;

  int (*device_count)();  // 0 where the driver does not answer
  void (*use_device)(int index);
  const char* (*device_name)(int index);  // valid until the next call
  void (*memory)(int64_t* free_bytes, int64_t* total_bytes);

  void (*gemm)(const Gemm&);
  void (*weight_grad)(const WeightGrad&);
  void (*fp8_quantize)(const Fp8Quantize&);
  void (*fp8_gemm)(const Fp8Gemm&);
  void (*attention)(const Attention&);
  void (*attention_backward)(const AttentionBackward&);
  void (*rms_norm)(const RmsNorm&);
  void (*rms_norm_backward)(const RmsNormBackward&);
  void (*rms_norm_weight_grad)(const RmsNormWeightGrad&);
  void (*rope)(const Rope&);
  void (*swiglu)(const Swiglu&);
  void (*route)(const Route&);
  void (*balance_stats)(const RouteGrad&);
  void (*route_grad)(const RouteGrad&);
  void (*gate_input_grad)(const GateGrad&);
  void (*gate_weight_grad)(const GateGrad&);
  void (*gather_rows)(const GatherRows&);
  void (*sum_rows)(const SumRows&);
  void (*sort_by_expert)(const SortByExpert&);
  void (*expert_borders)(const ExpertBorders&);
  void (*combine_rows)(const CombineRows&);
  void (*weigh_rows)(const WeighRows&);
  void (*softmax_rows)(const SoftmaxRows&);
  void (*logprob_grad)(const LogprobGrad&);
  void (*adamw)(const AdamW&);
  void (*sums_of_squares)(const SumsOfSquares&);
  void (*tree_sum)(const TreeSum&);
};

// The library's one entry for kernels, by name for dlsym.
inline constexpr const char* kDeviceOpsSymbol = "cohort_device_ops";
using DeviceOpsEntry = const DeviceOps*();

}  // namespace cohort::kernels::device
