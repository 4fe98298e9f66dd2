#include "tests/support/e4m3_both_ways.h"

#include "tests/support/cuda_on_host.h"

// After the stand-in for the CUDA run-time.
#include "kernels/fp8/e4m3.cuh"

namespace cohort::testing_support {
namespace {

struct Fragments {
  const uint32_t *a, *b;  // by lane: 4 words and 2
  float *by_e4m3, *by_bf16;
};

void multiply_kernel(Fragments f) {
  const unsigned lane = threadIdx.x;
  const uint32_t* words = f.a + lane * 4;
  const uint32_t a[4] = {words[0], words[1], words[2], words[3]};
  float c[4] = {}, wide[4] = {};
  kernels::device::multiply_e4m3(c, a, f.b[lane * 2], f.b[lane * 2 + 1]);
  kernels::device::multiply_e4m3_as_bf16(wide, a, f.b[lane * 2], f.b[lane * 2 + 1]);
  for (unsigned e = 0; e < 4; ++e) {
    f.by_e4m3[lane * 4 + e] = c[e];
    f.by_bf16[lane * 4 + e] = wide[e];
  }
}

}  // namespace

E4m3Products e4m3_both_ways(const std::array<uint32_t, 128>& a, const std::array<uint32_t, 64>& b) {
  E4m3Products products;
  kernels::device::launch(
      multiply_kernel, dim3(1), dim3(32),
      Fragments{a.data(), b.data(), products.by_e4m3.data(), products.by_bf16.data()}, "e4m3");
  return products;
}

}  // namespace cohort::testing_support
