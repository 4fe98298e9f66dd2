// y = w * x / sqrt(mean(x^2) + eps), per row, in fp32; as Hugging Face: normalised, cast to x's
// dtype, then multiplied by the weight. Fixed order of the sum, so row-invariant. In Gemma's form
// the factor is 1 + w, in fp32, and nothing is rounded before it.
#pragma once

#include "kernels/param.h"

namespace cohort::kernels {

struct RmsNormForm {
  RmsNormForm(double epsilon, bool offset = false) : eps(epsilon), unit_offset(offset) {}
  double eps;
  bool unit_offset;  // the factor is 1 + w (Gemma)
};

// x [M, D] (rows may be strided, so a slice of a wider projection serves); w [D]. Result contiguous
// [M, D]. Backward adds dw into w.grad by shard and gives dx.
at::Tensor rms_norm(const at::Tensor& x, const Param& w, const RmsNormForm& form,
                    const RowShards& shards);

struct NormedResidual {
  at::Tensor residual;  // x + delta, in x's dtype
  at::Tensor normed;
};
// residual = x + delta; normed = rms_norm(residual). One op, both outputs take part in autograd.
NormedResidual add_rms_norm(const at::Tensor& x, const at::Tensor& delta, const Param& w,
                            const RmsNormForm& form, const RowShards& shards);

}  // namespace cohort::kernels
