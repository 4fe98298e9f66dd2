// Values of tensors as files store them, as the numbers that weights are. Bits do not depend on
// threads.
#pragma once

#include <cstdint>
#include <span>

#include "core/io/gguf.h"

namespace cohort {

// core/io/gguf/quants.h's ggml_dequantize, by all threads.
void dequantize(GgmlType type, std::span<const std::byte> data, std::span<float> out);

// Rows [first, first + out.size() / columns) of a matrix in F8_E4M3 that has one fp32 factor for
// each block of kF8Block rows and columns, blocks at its edges being cut (DeepSeek-V3 as
// published): out[r, c] = data[r, c] * scales[r / kF8Block, c / kF8Block], rounded once. `data` and
// `out` are these rows, `scales` those of the whole matrix. A code that is not a number stays one.
inline constexpr int64_t kF8Block = 128;
inline int64_t f8_blocks(int64_t extent) { return (extent + kF8Block - 1) / kF8Block; }
void dequantize_f8(std::span<const std::byte> data, int64_t columns, int64_t first,
                   std::span<const float> scales, std::span<float> out);

// The bits of bf16 as they are; false when one is infinite or not a number.
bool copy_finite_bf16(std::span<const std::byte> data, std::span<uint16_t> out);

}  // namespace cohort
