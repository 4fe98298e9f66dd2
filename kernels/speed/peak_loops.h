// The loops that peaks.h times. One thread each; `repeats` turns of the loop, whose operations do
// not wait for each other.
#pragma once

#include <cstdint>

namespace cohort::kernels::peak {

// What one thread does: its floating-point operations, a multiply-add counted as two.
using Loop = double (*)(int64_t repeats);

double multiply_add_fp32(int64_t repeats);
const char* multiply_add_unit();  // "AVX3", "AVX2", ...: Highway's name

double dot_bf16_avx512(int64_t repeats);  // only where gemm::target_available(kAvx512Dot)
double dot_bf16_amx(int64_t repeats);     // only where gemm::target_available(kAmx)

// Reads [begin, begin + bytes), both multiples of 4096; the result depends on all of it.
uint64_t read_all(const uint64_t* begin, int64_t bytes);

}  // namespace cohort::kernels::peak
