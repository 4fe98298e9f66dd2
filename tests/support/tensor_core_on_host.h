// The functions of kernels/device/tensor_core.cuh on the host. A warp's 32 fibers exchange what
// they hold, as the lanes do; a product's sum is made in double and rounded once, where a tensor
// core aligns and cuts its terms in its own way. Copies land as they are asked for, or (in the
// reversed order of threads) at the last moment: a kernel that waits too little, or writes too
// early, is seen.
#pragma once

#include <cstdint>

#include "kernels/math/bf16.h"

#define COHORT_UNROLL

namespace cuda_on_host {

// What a lane shows the others of its warp.
struct alignas(16) Letter {
  uint32_t words[16];
};
// The letters of the 32 lanes of the caller's warp, once all have come to this call; readable until
// the caller's next one. An error where lanes come to calls of different names.
const Letter* exchange(const char* call, const Letter& mine);

void copy_16_async(void* shared, const void* global, int bytes);
void commit_copies();
void wait_for_copies(int pending);

}  // namespace cuda_on_host

namespace cohort::kernels::device {

void multiply_16x8x16(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1);
void multiply_16x8x32_e4m3(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1);
float of_other_lane(float value, int mask);
void load_matrices(uint32_t (&words)[4], const void* row);
void load_matrices_transposed(uint32_t (&words)[4], const void* row);

inline void copy_16_async(void* shared, const void* global, int bytes) {
  cuda_on_host::copy_16_async(shared, global, bytes);
}
inline void commit_copies() { cuda_on_host::commit_copies(); }
template <int kPending>
void wait_for_copies() {
  cuda_on_host::wait_for_copies(kPending);
}

}  // namespace cohort::kernels::device
