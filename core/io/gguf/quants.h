// ggml's element types as numbers: floats, and blocks of quantised weights that share scales.
// Layouts: docs/formats.md.
#pragma once

#include <cstddef>
#include <span>

#include "core/io/gguf.h"

namespace cohort {

// `out.size()` elements, a multiple of the type's block; CheckError when `data` is of another size.
// Bit for bit what ggml's definition gives in fp32.
void ggml_dequantize(GgmlType type, std::span<const std::byte> data, std::span<float> out);

// The reverse. `values` are finite and a multiple of the type's block; CheckError when `data` is of
// another size. As F16 a value of 65520 or more becomes infinite; in blocks a scale is cut instead.
// Deterministic. BF16, F16, Q8_0 and the types of 32 give ggml's own bits; for the
// types of 256 the scales are searched for the least squared error, each element weighted by
// sqrt(mean square of its group) + its magnitude.
void ggml_quantize(GgmlType type, std::span<const float> values, std::span<std::byte> data);

// Magnitudes up to here ggml_quantize keeps: beyond it F16 and BF16 have only infinity, and a scale
// of a block may be cut.
float ggml_largest(GgmlType type);

}  // namespace cohort
