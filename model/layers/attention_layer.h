// A layer's attention, of one kind or the other (Mla, Gqa).
#pragma once

#include <ATen/core/Tensor.h>

#include "model/decoder.h"

namespace cohort {

class AttentionLayer {
 public:
  virtual ~AttentionLayer() = default;
  // x [T, H], normed; result [T, H]. `k` and `v` are the layer's cache where input.cache is set,
  // else undefined.
  virtual at::Tensor forward(const at::Tensor& x, const DecoderInput& input, const at::Tensor& k,
                             const at::Tensor& v) const = 0;
};

}  // namespace cohort
