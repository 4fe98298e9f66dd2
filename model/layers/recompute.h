// Activation checkpointing: a layer of which only the inputs are kept; its backward computes it
// again. Row invariance makes the second pass the first bit for bit, so gradients do not change.
#pragma once

#include <functional>

#include "kernels/rms_norm/rms_norm.h"

namespace cohort {

using LayerFunction = std::function<kernels::NormedResidual(const kernels::NormedResidual&)>;

// first(x), without a graph; `again` must be the same function without side effects (counts, loss
// values), and is called in backward.
kernels::NormedResidual recomputed_in_backward(const kernels::NormedResidual& x,
                                               const LayerFunction& first, LayerFunction again);

}  // namespace cohort
