#include "model/stored_values.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "core/io/float8.h"
#include "core/io/gguf/quants.h"

namespace cohort {
namespace {

std::vector<std::byte> some_bytes(size_t count) {
  std::vector<std::byte> bytes(count);
  uint32_t state = 7;
  for (std::byte& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

TEST(StoredValues, EachBlockOfAnF8MatrixHasItsFactor) {
  constexpr int64_t kRows = 300, kColumns = 200;  // 3 x 2 blocks, cut at both edges
  const std::vector<float> scales = {0.5f, 3.0f, -1.25f, 1e-30f, 0.0f, 7.7f};
  std::vector<std::byte> codes = some_bytes(kRows * kColumns);
  for (std::byte& code : codes)
    if ((static_cast<uint8_t>(code) & 0x7f) == 0x7f) code = std::byte{0x7e};
  std::vector<float> whole(codes.size()), parts(codes.size());
  dequantize_f8(codes, kColumns, 0, scales, whole);
  for (int64_t r = 0; r < kRows; ++r)
    for (int64_t c = 0; c < kColumns; ++c) {
      const auto i = static_cast<size_t>(r * kColumns + c);
      const float scale = scales[static_cast<size_t>(r / 128 * 2 + c / 128)];
      ASSERT_EQ(whole[i], f8_e4m3_value(static_cast<uint8_t>(codes[i])) * scale) << r << ' ' << c;
    }
  // Any rows of it, in pieces that end within a block.
  for (int64_t r = 0; r < kRows; r += 77) {
    const auto begin = static_cast<size_t>(r * kColumns);
    const auto count = static_cast<size_t>(std::min<int64_t>(77, kRows - r) * kColumns);
    dequantize_f8(std::span(codes).subspan(begin, count), kColumns, r, scales,
                  std::span(parts).subspan(begin, count));
  }
  EXPECT_EQ(parts, whole);
}

TEST(StoredValues, AnF8CodeThatIsNoNumberStaysOne) {
  for (const uint8_t code : {0x7f, 0xff}) {
    const std::vector<std::byte> codes(3, static_cast<std::byte>(code));
    std::vector<float> out(3);
    dequantize_f8(codes, 3, 0, std::vector<float>{2.0f}, out);
    for (const float value : out) EXPECT_TRUE(std::isnan(value));
  }
}

TEST(StoredValues, Bf16IsCopiedAndInfinityFoundWhereverItIs) {
  constexpr size_t kCount = 200'001;  // several threads' parts
  std::vector<uint16_t> values(kCount);
  for (size_t i = 0; i < kCount; ++i) {
    values[i] = static_cast<uint16_t>(i * 40503u);
    if ((values[i] & 0x7f80u) == 0x7f80u) values[i] = i % 2 == 0 ? 0x7f7f : 0xff7f;
  }
  std::vector<uint16_t> out(kCount);
  EXPECT_TRUE(copy_finite_bf16(std::as_bytes(std::span(values)), out));
  EXPECT_EQ(out, values);
  for (const size_t place : {size_t{0}, size_t{65'535}, size_t{65'536}, kCount - 1}) {
    for (const uint16_t code : {0x7f80, 0xff80, 0x7f81, 0xffff}) {
      const uint16_t kept = values[place];
      values[place] = code;
      EXPECT_FALSE(copy_finite_bf16(std::as_bytes(std::span(values)), out)) << place << ' ' << code;
      values[place] = kept;
    }
  }
}

TEST(StoredValues, ThreadsDequantiseAsOneDoes) {
  for (const GgmlType type : {GgmlType::bf16, GgmlType::q8_0, GgmlType::q4_k}) {
    constexpr size_t kElements = 256 * 1000;
    std::vector<std::byte> data = some_bytes(ggml_bytes(type, kElements));
    for (std::byte& byte : data) byte &= std::byte{0x3f};  // no infinities: they compare equal
    std::vector<float> together(kElements), alone(kElements);
    dequantize(type, data, together);
    ggml_dequantize(type, data, alone);
    EXPECT_EQ(together, alone) << ggml_type_name(type);
  }
}

}  // namespace
}  // namespace cohort
