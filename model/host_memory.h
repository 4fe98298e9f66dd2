// Large buffers in host memory.
#pragma once

#include <ATen/core/Tensor.h>

namespace cohort {

// Zeros, fp32 or bf16 [numel]; IoError when the machine has no room for them. No page of them is
// touched before it is used, and where the system allows pages of 2 MiB, they are such: weights are
// read from end to end, in every step.
at::Tensor zeros_in_host_memory(int64_t numel, at::ScalarType dtype);

}  // namespace cohort
