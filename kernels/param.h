// A weight as the kernels see it. Kernels know nothing of names, ranks or files.
//
// Gradients do not flow through autograd to weights: an op's backward adds its weight gradient
// straight into `grad`, one slice a logical shard, so that sums across rows stop at shard borders
// (docs/numerics.md).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace cohort::kernels {

// Rows [(*shards)[s], (*shards)[s+1]) of a batch belong to local logical shard s; size is shards
// + 1. Null where no gradient is taken.
using RowShards = std::shared_ptr<const std::vector<int64_t>>;

// What linear maps and experts multiply by: the weights themselves, or (forward alone, on the CPU)
// a copy of them in blocks of 32 8-bit integers with one scale each (linear/micro_kernels.h).
enum class WeightFormat : uint8_t { same, q8_0 };

struct Param {
  at::Tensor data;  // compute dtype (fp32 or bf16), contiguous: [N, K], [E, N, K] or [N]
  WeightFormat format = WeightFormat::same;
  // fp32 [S, ...data.shape], S local logical shards; undefined: frozen or inference. A slice is
  // contiguous, but the slices lie grad.stride(0) apart: each is a part of its shard's flat buffer.
  at::Tensor grad;
  // Must be raised by whoever writes `data`: packed forms are rebuilt when it has moved.
  int64_t version = 0;

  bool trainable() const { return grad.defined(); }

  // Packed copies kept by kernels/linear; nobody else looks inside.
  struct Packed {
    at::Tensor forward, backward;
    int64_t forward_version = -1, backward_version = -1;
  };
  mutable Packed packed;
};

}  // namespace cohort::kernels
