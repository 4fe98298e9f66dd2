// Which micro-kernels this machine runs: a function of element type and kind of processor alone.
#pragma once

#include <c10/core/ScalarType.h>

#include "kernels/linear/micro_kernels.h"
#include "kernels/param.h"

namespace cohort::kernels::gemm {

enum class Target { kPortable, kAvx2, kAvx512, kAvx512Dot, kAmx };

bool target_available(Target target);
const MicroKernels& micro_kernels(at::ScalarType dtype, WeightFormat format = WeightFormat::same);

// For tests: every later call uses this target, though its packed weights are then its own.
void force_target(Target target);
void use_best_target();

}  // namespace cohort::kernels::gemm
