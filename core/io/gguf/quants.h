// ggml's element types as numbers: floats, and blocks of quantised weights that share scales.
// Layouts: docs/formats.md.
#pragma once

#include <cstddef>
#include <span>

#include "core/io/gguf.h"

namespace cohort {

// `out.size()` elements, a multiple of the type's block; CheckError when `data` is of another size.
// Every type of GgmlType. Bit for bit what ggml's definition gives in fp32.
void ggml_dequantize(GgmlType type, std::span<const std::byte> data, std::span<float> out);

bool ggml_can_quantize(GgmlType type);  // F32 F16 BF16 Q8_0 Q4_0 Q5_0 Q4_K Q6_K
// The reverse, to the nearest that the search finds; `values` finite, a multiple of the block.
// Deterministic. CheckError for a type that cannot be written, or data of another size.
void ggml_quantize(GgmlType type, std::span<const float> values, std::span<std::byte> data);

}  // namespace cohort
