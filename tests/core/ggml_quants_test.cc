// The golden blocks come from PyPI gguf and from ggml: tools/goldens/gguf_goldens.py.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/io/gguf/quants.h"

namespace cohort {
namespace {

constexpr GgmlType kTypes[] = {GgmlType::f16,  GgmlType::bf16, GgmlType::q8_0, GgmlType::q4_0,
                               GgmlType::q4_1, GgmlType::q5_0, GgmlType::q5_1, GgmlType::q4_k,
                               GgmlType::q5_k, GgmlType::q6_k};

std::vector<float> dequantized(GgmlType type, std::span<const std::byte> data) {
  std::vector<float> out(data.size() / static_cast<size_t>(ggml_block_bytes(type)) *
                         static_cast<size_t>(ggml_block_elements(type)));
  ggml_dequantize(type, data, out);
  return out;
}

std::vector<std::byte> quantized(GgmlType type, std::span<const float> values) {
  std::vector<std::byte> out(ggml_bytes(type, values.size()));
  ggml_quantize(type, values, out);
  return out;
}

double squared_error(std::span<const float> a, std::span<const float> b) {
  double out = 0;
  for (size_t i = 0; i < a.size(); ++i) out += std::pow(static_cast<double>(a[i]) - b[i], 2);
  return out;
}

std::vector<std::byte> bytes_of(const std::vector<int>& values) {
  std::vector<std::byte> out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

class GgmlBlocks : public testing::Test {
 protected:
  const GgufTensor& golden(const std::string& name) const {
    const GgufTensor* tensor = file_->find(name);
    if (!tensor) throw std::runtime_error("the golden file lacks " + name);
    return *tensor;
  }
  std::vector<float> floats(const std::string& name) const {
    return dequantized(GgmlType::f32, golden(name).data);
  }

  std::shared_ptr<const GgufFile> file_ =
      GgufFile::open(COHORT_SOURCE_DIR "/tests/golden/io/blocks.gguf");
};

TEST_F(GgmlBlocks, MeanTheReferencesFloatsBitForBit) {
  for (const GgmlType type : kTypes) {
    const std::string name = ggml_type_name(type);
    const auto found = dequantized(type, golden("blocks." + name).data);
    const auto expected = floats("meaning." + name);
    ASSERT_EQ(found.size(), expected.size()) << name;
    EXPECT_EQ(std::memcmp(found.data(), expected.data(), 4 * found.size()), 0) << name;
  }
}

TEST_F(GgmlBlocks, OfThirtyTwoHaveTheReferencesBytes) {
  const auto values = floats("values");
  for (const GgmlType type : kTypes) {
    if (ggml_block_elements(type) > 32) continue;
    const std::string name = ggml_type_name(type);
    EXPECT_TRUE(std::ranges::equal(quantized(type, values), golden("encoded." + name).data))
        << name;
  }
}

TEST_F(GgmlBlocks, OfTwoHundredFiftySixAreNoWorseThanGgmls) {
  const auto values = floats("values");
  for (const GgmlType type : {GgmlType::q4_k, GgmlType::q5_k, GgmlType::q6_k}) {
    const std::string name = ggml_type_name(type);
    const auto ours = dequantized(type, quantized(type, values));
    const auto theirs = dequantized(type, golden("encoded." + name).data);
    EXPECT_LE(squared_error(ours, values), squared_error(theirs, values)) << name;
    // The step between codes bounds the error: 1/15, 1/31 and 1/32 of a group's range, at most.
    for (size_t row = 0; row < values.size(); row += 256) {
      const auto [least, most] = std::minmax_element(&values[row], &values[row] + 256);
      const float range = std::max(*most, 0.0f) - std::min(*least, 0.0f);
      for (size_t i = row; i < row + 256; ++i)
        ASSERT_LE(std::fabs(ours[i] - values[i]), range / 15 + 1e-6f) << name << " " << i;
    }
  }
}

TEST(GgmlQuants, EveryHalfIsReadAndWrittenExactly) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const uint32_t fraction = bits & 0x3ff;
    const uint32_t exponent = (bits >> 10) & 31;
    const auto half = static_cast<uint16_t>(bits);
    float value;
    ggml_dequantize(GgmlType::f16, std::as_bytes(std::span(&half, 1)), std::span(&value, 1));
    if (exponent == 31) {
      EXPECT_EQ(std::isnan(value), fraction != 0);
      EXPECT_EQ(std::isinf(value), fraction == 0);
    } else {
      const double magnitude = exponent == 0
                                   ? std::ldexp(fraction, -24)
                                   : std::ldexp(1024 + fraction, static_cast<int>(exponent) - 25);
      ASSERT_EQ(value, bits & 0x8000 ? -magnitude : magnitude) << bits;
    }
    EXPECT_EQ(std::signbit(value), bits >= 0x8000);
    if (std::isnan(value)) continue;
    uint16_t back;
    ggml_quantize(GgmlType::f16, std::span(&value, 1), std::as_writable_bytes(std::span(&back, 1)));
    ASSERT_EQ(back, half);
  }
}

TEST(GgmlQuants, HalvesAreRoundedToNearestTiesToEven) {
  const auto half_of = [](float value) {
    uint16_t out;
    ggml_quantize(GgmlType::f16, std::span(&value, 1), std::as_writable_bytes(std::span(&out, 1)));
    return out;
  };
  const auto value_of = [](uint16_t half) {
    float out;
    ggml_dequantize(GgmlType::f16, std::as_bytes(std::span(&half, 1)), std::span(&out, 1));
    return out;
  };
  for (uint16_t half = 0; half < 0x7bff; ++half) {
    const float low = value_of(half);
    const float high = value_of(static_cast<uint16_t>(half + 1));
    const float middle = low + (high - low) / 2;  // exact
    const auto even = static_cast<uint16_t>(half + (half & 1));
    ASSERT_EQ(half_of(middle), even) << half;
    ASSERT_EQ(half_of(std::nextafter(middle, 0.0f)), half);
    ASSERT_EQ(half_of(std::nextafter(middle, 1e9f)), half + 1);
  }
  EXPECT_EQ(half_of(65519.996f), 0x7bff);
  EXPECT_EQ(half_of(65520.0f), 0x7c00);
  EXPECT_EQ(half_of(-1e30f), 0xfc00);
  EXPECT_EQ(half_of(1e-30f), 0);
}

TEST(GgmlQuants, BlocksOfThirtyTwoByHand) {
  // d = 0.5, m = 2, byte j = (15 - j) << 4 | j, the fifth bit of the odd elements.
  const std::vector<int> d = {0x00, 0x38};
  const std::vector<int> m = {0x00, 0x40};
  const std::vector<int> high = {0xaa, 0xaa, 0xaa, 0xaa};
  std::vector<int> low;
  for (int j = 0; j < 16; ++j) low.push_back((15 - j) << 4 | j);
  const auto check = [&](GgmlType type, std::vector<std::vector<int>> parts, auto expected) {
    std::vector<int> block;
    for (const auto& part : parts) block.insert(block.end(), part.begin(), part.end());
    const auto values = dequantized(type, bytes_of(block));
    ASSERT_EQ(values.size(), 32u);
    for (int i = 0; i < 32; ++i) {
      const int nibble = i < 16 ? i : 31 - i;
      EXPECT_EQ(values[static_cast<size_t>(i)], expected(nibble, nibble + 16 * (i % 2)))
          << ggml_type_name(type) << " " << i;
    }
  };
  check(GgmlType::q4_0, {d, low}, [](int n, int) { return 0.5f * static_cast<float>(n - 8); });
  check(GgmlType::q4_1, {d, m, low}, [](int n, int) { return 0.5f * static_cast<float>(n) + 2; });
  check(GgmlType::q5_0, {d, high, low},
        [](int, int n) { return 0.5f * static_cast<float>(n - 16); });
  check(GgmlType::q5_1, {d, m, high, low},
        [](int, int n) { return 0.5f * static_cast<float>(n) + 2; });
  std::vector<int> q8 = d;
  for (int i = 0; i < 32; ++i) q8.push_back(i % 2 ? -i : 127 - i);
  const auto values = dequantized(GgmlType::q8_0, bytes_of(q8));
  for (int i = 0; i < 32; ++i)
    EXPECT_EQ(values[static_cast<size_t>(i)], 0.5f * static_cast<float>(i % 2 ? -i : 127 - i));
}

// The format read element by element, as its description goes.
TEST(GgmlQuants, BlocksOfTwoHundredFiftySixByHand) {
  std::vector<int> block = {0x00, 0x3c, 0x00, 0x38};                   // d = 1, dmin = 0.5
  for (int i = 0; i < 12; ++i) block.push_back((37 * i + 201) % 256);  // scales
  for (int i = 0; i < 160; ++i) block.push_back((91 * i + 13) % 256);  // Q5_K: 32 high, 128 low
  const auto byte = [&](int at) { return block[static_cast<size_t>(at)]; };
  const auto scale = [&](int s) {
    return s < 4 ? byte(4 + s) & 63 : (byte(8 + s) & 15) + ((byte(s) >> 6) << 4);
  };
  const auto min = [&](int s) {
    return s < 4 ? byte(8 + s) & 63 : (byte(8 + s) >> 4) + ((byte(4 + s) >> 6) << 4);
  };
  const auto q5 = dequantized(GgmlType::q5_k, bytes_of(block));
  std::vector<int> without_high = block;
  without_high.erase(without_high.begin() + 16, without_high.begin() + 48);
  const auto q4 = dequantized(GgmlType::q4_k, bytes_of(without_high));
  for (int i = 0; i < 256; ++i) {
    const int s = i / 32;
    const int packed = byte(48 + 32 * (s / 2) + i % 32);
    const int n = s % 2 ? packed >> 4 : packed & 15;
    const int fifth = (byte(16 + i % 32) >> s) & 1;
    const auto at = static_cast<size_t>(i);
    EXPECT_EQ(q4[at], static_cast<float>(scale(s) * n) - 0.5f * static_cast<float>(min(s))) << i;
    EXPECT_EQ(q5[at],
              static_cast<float>(scale(s) * (n + 16 * fifth)) - 0.5f * static_cast<float>(min(s)))
        << i;
  }

  std::vector<int> six;
  for (int i = 0; i < 208; ++i) six.push_back((57 * i + 7) % 256);
  six.push_back(0x00);
  six.push_back(0x34);  // d = 0.25
  const auto values = dequantized(GgmlType::q6_k, bytes_of(six));
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128;
    const int quarter = i % 128 / 32;
    const int l = i % 32;
    const int low = six[static_cast<size_t>(64 * half + 32 * (quarter % 2) + l)];
    const int high = six[static_cast<size_t>(128 + 32 * half + l)];
    const int n = (quarter < 2 ? low & 15 : low >> 4) + 16 * ((high >> (2 * quarter)) & 3);
    const auto group_scale = static_cast<int8_t>(six[static_cast<size_t>(192 + i / 16)]);
    EXPECT_EQ(values[static_cast<size_t>(i)], 0.25f * static_cast<float>(group_scale * (n - 32)))
        << i;
  }
}

TEST(GgmlQuants, OfZerosAreZerosAndOfExtremesFinite) {
  for (const GgmlType type : kTypes) {
    for (const float value : {0.0f, 1e-44f, -1e-30f, 1e30f, -3e38f}) {
      if (std::fabs(value) > 1 && type == GgmlType::f16) continue;  // infinite, as it must be
      const std::vector<float> values(256, value);
      for (const float found : dequantized(type, quantized(type, values))) {
        ASSERT_TRUE(std::isfinite(found)) << ggml_type_name(type) << " " << value;
        if (value == 0) {
          ASSERT_EQ(found, 0.0f) << ggml_type_name(type);
        }
      }
    }
  }
}

TEST(GgmlQuants, SizesMustAgree) {
  std::vector<float> values(64);
  std::vector<std::byte> data(68);
  EXPECT_NO_THROW(ggml_dequantize(GgmlType::q8_0, data, values));
  EXPECT_NO_THROW(ggml_quantize(GgmlType::q8_0, values, data));
  data.pop_back();
  EXPECT_THROW(ggml_dequantize(GgmlType::q8_0, data, values), CheckError);
  EXPECT_THROW(ggml_quantize(GgmlType::q8_0, values, data), CheckError);
  values.pop_back();
  EXPECT_THROW(ggml_quantize(GgmlType::q8_0, values, data), CheckError);
  EXPECT_NO_THROW(ggml_quantize(GgmlType::f32, {}, {}));
  EXPECT_NO_THROW(ggml_dequantize(GgmlType::q6_k, {}, {}));
}

TEST(GgmlQuants, KeepMagnitudesUpToTheLargest) {
  std::vector<GgmlType> types(std::begin(kTypes), std::end(kTypes));
  types.push_back(GgmlType::f32);
  for (const GgmlType type : types) {
    const float most = ggml_largest(type);
    std::vector<float> values(256, 0.0f);
    values[3] = most;
    values[200] = -most;
    const std::vector<float> out = dequantized(type, quantized(type, values));
    for (const size_t i : {3, 200}) {
      EXPECT_TRUE(std::isfinite(out[i])) << ggml_type_name(type);
      EXPECT_NEAR(out[i] / values[i], 1, 0.13) << ggml_type_name(type);
    }
  }
  for (const GgmlType type : {GgmlType::bf16, GgmlType::f16}) {
    const float beyond =
        type == GgmlType::f16 ? 65520.0f : std::nextafter(ggml_largest(type), INFINITY);
    EXPECT_TRUE(std::isinf(dequantized(type, quantized(type, std::vector<float>{beyond}))[0]));
  }
}

}  // namespace
}  // namespace cohort
