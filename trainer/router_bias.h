// The selection bias that balances experts without a loss (V3 report 2.1.2): after a step
//   b_e += gamma sign(mean load - load_e)
// per MoE layer, in integers up to the sign, over the choices of trained tokens of all ranks.
#pragma once

#include "model/parameter_store.h"

namespace cohort {

// load [MoE layers, E] int64; undefined for a dense model. speed 0 changes nothing.
void update_router_bias(ParameterStore& store, const at::Tensor& load, double speed);
// max_e load_e / mean_e load_e of the layer where it is largest; 0 without load.
double expert_load_max_over_mean(const at::Tensor& load);

}  // namespace cohort
