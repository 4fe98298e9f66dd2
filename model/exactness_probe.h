// The numerics contract, verified on the machine at hand and over the model's own shapes: before
// the first step of a run, and by `cohort doctor MODEL`.
#pragma once

#include <optional>
#include <string>

#include "model/decoder.h"

namespace cohort {

// Hidden rows of a sequence computed whole, beside other sequences, one token at a time through the
// cache, in chunks, and on one thread must have the same bits. Nothing when they have; else one
// line that says which way differs first, and where. Costs a few forward passes of some dozens of
// tokens; changes no weight.
std::optional<std::string> probe_exactness(Decoder& decoder);

// The matrix kernel that the chosen device uses for a compute dtype: "cuda", "avx512-bf16",
// "avx512", "avx2" or "portable".
const char* kernel_name(at::ScalarType dtype);

}  // namespace cohort
