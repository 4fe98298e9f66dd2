// Causal attention with keys found by row number: the one algorithm of decode, chunked prefill and
// training.
//
// A query at position p of sequence i sees keys j = 0..p of that sequence; key j is row
// key_rows[key_offsets[i] + j] of k and v. In a rollout k and v are the paged cache and rows are
// slots; in training they are this pass's own projections, and the rows of a prompt are shared by
// its completions.
//
//   s_j = scale * q . k_j   (one accumulator over the head dimension, in order)
//   e_j = exp(s_j - max_i s_i);  l = sum_j e_j (key j in lane j % 16 of one vector, the lanes in a
//   fixed tree) o = (sum_j e_j v_j, one accumulator in order of j) * (1 / l)
// What a query computes depends on its position and its keys alone, so it has the same bits however
// queries are chunked or batched. Rows of later positions, were they NaN, have no influence. fp32
// arithmetic for both dtypes.
//
// Backward recomputes s and e, the same bits again. dQ as dQ of one query; dK and dV of a row are
// summed over the queries that see it in the order of the layout (sequence, then query), never
// split by thread: work is dealt as (tree, kv head).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace cohort::kernels {

struct AttentionLayout {
  // Sequence i: query rows [query_offsets[i], query_offsets[i+1]) at positions first_position[i] +
  // 0, 1, ...
  std::vector<int64_t> query_offsets;
  std::vector<int64_t> first_position;
  std::vector<int64_t> key_offsets;  // into key_rows; at least first_position + queries keys each
  std::vector<int32_t> key_rows;
  // Sequences [tree_offsets[t], tree_offsets[t+1]) may share key rows; different trees never do.
  // Needed for backward; empty means one sequence a tree.
  std::vector<int64_t> tree_offsets;
  // Raised by whoever changes a layout that an op has seen.
  int64_t version = 0;

  // Made of the above by kernels/attention for a device, and used by every layer of a pass; nobody
  // else looks inside.
  struct DeviceTable {
    int64_t version, window, rows;
    bool backward;
    at::Tensor values;
    int64_t num_uses;
  };
  mutable std::vector<DeviceTable> device_tables = {};
};
using AttentionLayoutPtr = std::shared_ptr<const AttentionLayout>;

// With a window of w > 0 a query at position p sees keys max(0, p - w + 1)..p alone (Gemma,
// Mistral).
//
// q [T, nh, Dk]; k [R, nkv, Dk]; v [R, nkv, Dv]; rows may be strided, the last dimension is
// contiguous; nh a multiple of nkv. Result [T, nh, Dv] in q's dtype. Takes part in autograd when q
// requires a gradient (then k and v are this pass's own rows).
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionLayoutPtr& layout, double scale, int64_t window = 0);

}  // namespace cohort::kernels
