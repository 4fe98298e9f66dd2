// Where sums start and where they go, for the kernels that keep them in memory. Anonymous on
// purpose: every file compiled for a processor of its own has its own copy.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/linear/micro_kernels.h"

namespace cohort::kernels::gemm {
namespace {

inline uint16_t bf16_bits(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// sums[j] of C[row, column + j] for j < count: 0 or, where C has the column, C.
inline void start_sums(const Block& block, int64_t row, int64_t column, float* sums,
                       int64_t count) {
  std::memset(sums, 0, static_cast<size_t>(count) * sizeof(float));
  if (block.output != Output::kOntoFp32) return;
  if (count > block.columns - column) count = block.columns - column;
  const float* c = reinterpret_cast<const float*>(block.c) + row * block.c_row + column;
  for (int64_t j = 0; j < count; ++j) sums[j] = c[j];
}

// C[row, column + j] from sums[j] for j < count and column + j < block.columns.
inline void store_sums(const Block& block, int64_t row, int64_t column, const float* sums,
                       int64_t count) {
  if (count > block.columns - column) count = block.columns - column;
  const int64_t at = row * block.c_row + column;
  for (int64_t j = 0; j < count; ++j) {
    if (block.output == Output::kBf16) {
      reinterpret_cast<uint16_t*>(block.c)[at + j] = bf16_bits(sums[j]);
    } else {
      reinterpret_cast<float*>(block.c)[at + j] = sums[j];
    }
  }
}

}  // namespace
}  // namespace cohort::kernels::gemm
