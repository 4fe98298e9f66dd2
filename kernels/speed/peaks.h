// What this machine can do, measured: the yardsticks behind every share of peak. Each is the
// fastest of a few rounds in which all threads work at once.
#pragma once

#include <cstdint>

namespace cohort::kernels {

struct ComputePeak {
  double gflop_s;
  const char* unit;  // what it was reached with
};

// Fused multiply-adds of fp32 in registers, in the widest vectors of the processor.
ComputePeak fp32_peak(int threads);
// Products of bf16 summed in fp32, in registers: AMX tiles, dot products of AVX-512 or, where bf16
// has to be widened, the fp32 peak; the fastest of those that the processor has.
ComputePeak bf16_peak(int threads);

// GB/s of reading `bytes` of memory again and again, in pages of 2 MiB where the system gives them.
// More than the last cache holds: memory's own speed.
double read_bandwidth(int threads, int64_t bytes);

}  // namespace cohort::kernels
