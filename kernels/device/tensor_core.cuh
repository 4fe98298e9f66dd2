// The instructions that a tile of a product on tensor cores is made of, one function each.
// Fragments lie over the 32 lanes of a warp as the PTX ISA has them ("Warp-level matrix
// instructions"); with g = lane / 4 and t = lane % 4:
//   a of 16 x 16: word 0 (row g, k 2t, 2t + 1), 1 (row g + 8), 2 (k + 8), 3 (row g + 8, k + 8)
//   b of 16 x 8:  word 0 (k 2t, 2t + 1, column g), 1 (k + 8)
//   c of 16 x 8:  0 and 1 (row g, columns 2t, 2t + 1), 2 and 3 (row g + 8)
// A result's element is computed from its own row of a, its own column of b and c alone, by a
// procedure that does not depend on its place: that is what row invariance rests on here.
//
// For the host the tests have the same functions (tests/support/tensor_core_on_host.h).
#pragma once

#include "kernels/device/cuda_support.cuh"

#ifdef __CUDACC__
#define COHORT_UNROLL _Pragma("unroll")

namespace cohort::kernels::device {

// c += a b, bf16 products with fp32 sums. The whole warp calls it, as all that follow do.
__device__ inline void multiply_16x8x16(float (&c)[4], const uint32_t (&a)[4], uint32_t b0,
                                        uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 890
// The same of e4m3: a word holds four of them in place of two bf16, so k has 32 steps.
__device__ inline void multiply_16x8x32_e4m3(float (&c)[4], const uint32_t (&a)[4], uint32_t b0,
                                             uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
#endif

// The value of the lane whose number differs in the bits of `mask`.
__device__ inline float of_other_lane(float value, int mask) {
  return __shfl_xor_sync(0xffffffffu, value, mask);
}

__device__ inline uint32_t shared_address(const void* shared) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(shared));
}

// Four 8 x 8 matrices of 16-bit elements out of shared memory: lane l names row l % 8 of matrix
// l / 8 (16 bytes, aligned), and word i of a lane becomes row g, columns 2t and 2t + 1, of matrix
// i.
__device__ inline void load_matrices(uint32_t (&words)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(shared_address(row))
               : "memory");
}
// The same of the transposed matrices: column g, rows 2t and 2t + 1.
__device__ inline void load_matrices_transposed(uint32_t (&words)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(shared_address(row))
               : "memory");
}

// 16 bytes into shared memory, both aligned: the first `bytes` come from `global`, the others are
// 0. They are there, for the thread that asked, after wait_for_copies.
__device__ inline void copy_16_async(void* shared, const void* global, int bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)),
               "l"(global), "r"(bytes)
               : "memory");
}
// Closes a group of copies; wait_for_copies returns when at most kPending groups are still open.
__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int kPending>
__device__ void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

}  // namespace cohort::kernels::device
#endif
