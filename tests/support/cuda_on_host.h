// The CUDA kernels' sources, compiled for the host: force-included before kernels/*/*_cuda.cu, this
// stands in for the CUDA run-time. A block's threads are fibers of one operating-system thread that
// change over at __syncthreads() and, 32 of them, at what a warp does together
// (tensor_core_on_host.h); blocks run one after another. It shows that indices, bounds, sums and
// barriers are right; it shows nothing about speed, the compiler for the device, or memory.
//
// Two faults that a device would hide are errors here: threads of one block or warp that part at a
// barrier, and (by comparing a run in each order of threads) results that depend on who comes first
// between two barriers.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>

#include "tests/support/cuda_on_host_order.h"
#include "tests/support/tensor_core_on_host.h"

#define __global__
#define __device__
#define __shared__ static
#define __launch_bounds__(...)

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
inline dim3 threadIdx, blockIdx, blockDim, gridDim;

inline float __uint_as_float(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}
inline uint32_t __float_as_uint(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

namespace cuda_on_host {

void sync_threads();
// Runs `body` for every thread of the block that blockIdx names.
void run_block(const std::function<void()>& body, const char* what);

}  // namespace cuda_on_host

inline void __syncthreads() { cuda_on_host::sync_threads(); }

using cudaError_t = int;
inline constexpr cudaError_t cudaSuccess = 0;
struct cudaDeviceProp {
  char name[64];
};
inline const char* cudaGetErrorString(cudaError_t) { return "no error"; }
inline cudaError_t cudaGetLastError() { return cudaSuccess; }
inline cudaError_t cudaSetDevice(int) { return cudaSuccess; }
inline cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  std::strcpy(properties->name, "kernels on the host");
  return cudaSuccess;
}
inline cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *free = *total = size_t{1} << 32;
  return cudaSuccess;
}

namespace cohort::kernels::device {

void check(cudaError_t status, const char* what);

template <class Argument>
void launch(void (*kernel)(Argument), dim3 grid, dim3 block, const Argument& argument,
            const char* what) {
  gridDim = grid;
  blockDim = block;
  for (unsigned z = 0; z < grid.z; ++z) {
    for (unsigned y = 0; y < grid.y; ++y) {
      for (unsigned x = 0; x < grid.x; ++x) {
        blockIdx = dim3(x, y, z);
        cuda_on_host::run_block([&] { kernel(argument); }, what);
      }
    }
  }
}

}  // namespace cohort::kernels::device
