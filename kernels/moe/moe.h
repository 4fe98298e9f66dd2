// Routed experts: y[t] = sum over the K choices of token t, in ascending choice order,
//   weight[t, j] * down_e( silu(gate_e x_t) * up_e x_t ),  e = index[t, j]
// Rows are gathered by expert (stable: within an expert in token order, so in shard order) into two
// grouped GEMMs. Row-invariant: y[t] depends on token t alone.
#pragma once

#include "kernels/param.h"

namespace cohort::kernels {

// x [T, H]; index [T, K] int32, the experts of a token all different; weight [T, K] fp32 (takes
// part in autograd); gate_up [E, 2I, H] with the I gate rows first; down [E, H, I]. Result [T, H]
// in x's dtype, accumulated in fp32.
at::Tensor moe(const at::Tensor& x, const at::Tensor& index, const at::Tensor& weight,
               const Param& gate_up, const Param& down, const RowShards& shards);

}  // namespace cohort::kernels
