// What a device can do at most, measured: the roof that a benchmark's shares refer to.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>

namespace cohort::kernels {

// Per second.
struct Roofline {
  double bf16_flops, fp32_flops;  // of LibTorch's own product (cuBLAS on a GPU, fp32 without TF32)
  double bytes;                   // of memory, read and written by a copy
};

// Products of [size, size] by [size, size]; a copy of `bytes` bytes, which should be many times the
// caches. Takes under a second a figure on a GPU; the defaults are for one.
Roofline measure_roofline(at::Device device, int64_t size = 8192, int64_t bytes = int64_t{1} << 30);

}  // namespace cohort::kernels
