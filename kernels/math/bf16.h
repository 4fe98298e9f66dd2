// bfloat16 as the kernels see it: the upper half of a float. Layout of at::BFloat16, without
// LibTorch.
#pragma once

#include <cstdint>

namespace cohort::kernels {

struct Bf16 {
  uint16_t bits;
};
static_assert(sizeof(Bf16) == 2);

}  // namespace cohort::kernels
