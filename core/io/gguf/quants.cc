#include "core/io/gguf/quants.h"

#include <bit>
#include <cstring>
#include <limits>

#include "core/base/error.h"
#include "core/io/gguf/blocks.h"

namespace cohort {
namespace {

// Blocks in a file have no alignment; memcpy of one costs nothing.
template <class Block>
void dequantize_all(const std::byte* data, std::span<float> out) {
  for (size_t i = 0; i < out.size() / Block::kElements; ++i) {
    Block block;
    std::memcpy(&block, data + i * sizeof(Block), sizeof(Block));
    dequantize_block(block, out.data() + i * Block::kElements);
  }
}

template <class Block>
void quantize_all(std::span<const float> values, std::byte* data) {
  for (size_t i = 0; i < values.size() / Block::kElements; ++i) {
    Block block;
    quantize_block(values.data() + i * Block::kElements, block);
    std::memcpy(data + i * sizeof(Block), &block, sizeof(Block));
  }
}

// The conversion is a template's argument: through a pointer it would not be inlined.
template <float convert(uint16_t)>
void widen(const std::byte* __restrict data, std::span<float> out) {
  float* __restrict to = out.data();
  for (size_t i = 0; i < out.size(); ++i) {
    uint16_t bits;
    std::memcpy(&bits, data + 2 * i, sizeof(bits));
    to[i] = convert(bits);
  }
}

template <uint16_t convert(float)>
void narrow(std::span<const float> values, std::byte* __restrict data) {
  const float* __restrict from = values.data();
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t bits = convert(from[i]);
    std::memcpy(data + 2 * i, &bits, sizeof(bits));
  }
}

void check_sizes(GgmlType type, size_t elements, size_t bytes) {
  const auto block = static_cast<size_t>(ggml_block_elements(type));
  COHORT_CHECK(elements % block == 0 && ggml_bytes(type, elements) == bytes,
               "{} elements of {} in {} bytes", elements, ggml_type_name(type), bytes);
}

}  // namespace

void ggml_dequantize(GgmlType type, std::span<const std::byte> data, std::span<float> out) {
  check_sizes(type, out.size(), data.size());
  const std::byte* from = data.data();
  switch (type) {
    case GgmlType::f32:
      if (!out.empty()) std::memcpy(out.data(), from, data.size());
      return;
    case GgmlType::f16:
      return widen<half_to_float>(from, out);
    case GgmlType::bf16:
      return widen<bfloat_to_float>(from, out);
    case GgmlType::q8_0:
      return dequantize_all<BlockQ8_0>(from, out);
    case GgmlType::q4_0:
      return dequantize_all<BlockQ4_0>(from, out);
    case GgmlType::q4_1:
      return dequantize_all<BlockQ4_1>(from, out);
    case GgmlType::q5_0:
      return dequantize_all<BlockQ5_0>(from, out);
    case GgmlType::q5_1:
      return dequantize_all<BlockQ5_1>(from, out);
    case GgmlType::q4_k:
      return dequantize_all<BlockQ4_K>(from, out);
    case GgmlType::q5_k:
      return dequantize_all<BlockQ5_K>(from, out);
    case GgmlType::q6_k:
      return dequantize_all<BlockQ6_K>(from, out);
  }
}

void ggml_quantize(GgmlType type, std::span<const float> values, std::span<std::byte> data) {
  check_sizes(type, values.size(), data.size());
  std::byte* to = data.data();
  switch (type) {
    case GgmlType::f32:
      if (!values.empty()) std::memcpy(to, values.data(), data.size());
      return;
    case GgmlType::f16:
      return narrow<float_to_half>(values, to);
    case GgmlType::bf16:
      return narrow<float_to_bfloat>(values, to);
    case GgmlType::q8_0:
      return quantize_all<BlockQ8_0>(values, to);
    case GgmlType::q4_0:
      return quantize_all<BlockQ4_0>(values, to);
    case GgmlType::q4_1:
      return quantize_all<BlockQ4_1>(values, to);
    case GgmlType::q5_0:
      return quantize_all<BlockQ5_0>(values, to);
    case GgmlType::q5_1:
      return quantize_all<BlockQ5_1>(values, to);
    case GgmlType::q4_k:
      return quantize_all<BlockQ4_K>(values, to);
    case GgmlType::q5_k:
      return quantize_all<BlockQ5_K>(values, to);
    case GgmlType::q6_k:
      return quantize_all<BlockQ6_K>(values, to);
  }
}

float ggml_largest(GgmlType type) {
  constexpr float kMostHalf = 65504.0f;
  switch (type) {
    case GgmlType::f32:
      return std::numeric_limits<float>::max();
    case GgmlType::bf16:
      return std::bit_cast<float>(0x7f7f7fffu);  // from here on rounding carries into the exponent
    case GgmlType::f16:
    case GgmlType::q4_1:  // m is a value itself
    case GgmlType::q5_1:
      return kMostHalf;
    case GgmlType::q8_0:
      return 127 * kMostHalf;
    case GgmlType::q4_0:
      return 8 * kMostHalf;
    case GgmlType::q5_0:
      return 16 * kMostHalf;
    case GgmlType::q4_k:  // min is dmin times 63 at most
    case GgmlType::q5_k:
      return 63 * kMostHalf;
    case GgmlType::q6_k:  // the scale that is searched for is a 16th of a value at most
      return 16 * 128 * kMostHalf;
  }
  throw_error<CheckError>("unknown GgmlType {}", static_cast<uint32_t>(type));
}

}  // namespace cohort
