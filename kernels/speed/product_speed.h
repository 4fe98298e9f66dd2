// The speed of linear beside LibTorch's own, on the same operands and as many threads, in turns.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <vector>

#include "kernels/param.h"

namespace cohort::kernels {

struct ProductSpeed {
  double seconds, library_seconds;  // of one product: medians over the rounds
};

// y = x w^T with w [columns, inner]. Products go through copies of the weight in turn that hold
// `weight_bytes` together (at least one copy), as a model's weights are gone through: with more
// bytes than the caches hold, each product reads its weight from memory. Every copy is packed
// before anything is timed.
class ProductBench {
 public:
  ProductBench(int64_t columns, int64_t inner, at::ScalarType dtype, int64_t weight_bytes);

  // `rounds` rounds of each side, each of about `seconds` and one product at least.
  ProductSpeed measure(int64_t rows, int rounds, double seconds);

  int64_t weight_bytes() const;  // of all copies

 private:
  std::vector<Param> weights_;
};

// GFLOP/s of LibTorch's product of two square matrices, large enough to be its best.
double library_peak(at::ScalarType dtype);

}  // namespace cohort::kernels
