// FP8 in blocks against its definition in double, and its error against the values themselves.
#include "kernels/fp8/fp8.h"

#include <ATen/ops/empty.h>

#include <limits>
#include <random>

#include "core/io/float8.h"
#include "tests/kernels/op_test_support.h"
#include "tests/support/device_under_test.h"
#include "tests/support/e4m3_both_ways.h"

namespace cohort::kernels {
namespace {

using testing_support::devices_under_test;
using testing_support::DeviceUnderTest;
using testing_support::OnDevice;

// The code of the nearest value, the even one of two: by trying all.
uint8_t nearest_code(double x) {
  uint8_t best = 0;
  for (int code = 0; code < 0x7f; ++code) {
    const double distance = std::abs(std::abs(x) - f8_e4m3_value(static_cast<uint8_t>(code)));
    const double least = std::abs(std::abs(x) - f8_e4m3_value(best));
    if (distance < least || (distance == least && code % 2 == 0)) best = static_cast<uint8_t>(code);
  }
  return static_cast<uint8_t>(best | (std::signbit(x) ? 0x80 : 0));
}

int code_at(const at::Tensor& codes, int64_t i) { return codes.cpu().const_data_ptr<uint8_t>()[i]; }

// A row whose largest value is 448 has scale 1: its codes are those of its own values.
TEST(Fp8, CodesAreTheNearestValues) {
  std::vector<float> values = {448.0f};
  for (int code = 0; code < 0x7e; ++code) {
    const float low = f8_e4m3_value(static_cast<uint8_t>(code));
    const float high = f8_e4m3_value(static_cast<uint8_t>(code + 1));
    const float middle = low + (high - low) / 2;
    for (const float x :
         {low, middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 500.0f)})
      values.push_back(code % 3 == 0 ? -x : x);
  }
  const int64_t blocks = (static_cast<int64_t>(values.size()) + 126) / 127;
  at::Tensor x = at::zeros({1, blocks * 128});
  for (size_t i = 0; i < values.size(); ++i) {
    float* block = x.data_ptr<float>() + i / 127 * 128;
    block[i % 127] = values[i];
    block[127] = 448.0f;
  }
  for (const DeviceUnderTest& where : devices_under_test()) {
    const OnDevice guard(where);
    const Fp8Blocks y = fp8_rows(where.put(x));
    const at::Tensor codes = y.codes.cpu();
    for (const double scale : doubles(y.scales.cpu())) EXPECT_EQ(scale, 1.0);
    for (int64_t i = 0; i < x.numel(); ++i)
      ASSERT_EQ(int{codes.const_data_ptr<uint8_t>()[i]}, int{nearest_code(x.data_ptr<float>()[i])})
          << x.data_ptr<float>()[i];
  }
}

// codes * scale is the value within half a step, for the whole block's largest value too.
void expect_close_values(const at::Tensor& x, const Fp8Blocks& y) {
  const Doubles values = doubles(x), scales = doubles(y.scales.cpu());
  const at::Tensor codes = y.codes.cpu();
  const int64_t columns = x.size(1), across = (columns + 127) / 128;
  for (int64_t i = 0; i < x.numel(); ++i) {
    const double scale = scales[i / columns / y.height * across + i % columns / 128];
    const double got = f8_e4m3_value(codes.const_data_ptr<uint8_t>()[i]) * scale;
    ASSERT_LE(std::abs(got - values[i]), std::abs(values[i]) / 16 * 1.0001 + scale * 0x1p-10);
  }
}

TEST(Fp8, BlocksOfRowsAndOfWeightsHaveScalesOfTheirOwn) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    at::Tensor x = shaped({130, 272}, 1, type);
    x.narrow(0, 128, 2).mul_(100);  // the second block of rows
    x.narrow(1, 256, 16).mul_(1e-3);
    x.select(0, 5).zero_();
    for (const DeviceUnderTest& where : devices_under_test()) {
      const OnDevice guard(where);
      const Fp8Blocks rows = fp8_rows(where.put(x)), weight = fp8_weight(where.put(x));
      expect_close_values(x, rows);
      expect_close_values(x, weight);
      EXPECT_EQ(rows.scales.sizes(), at::IntArrayRef({130, 3}));
      EXPECT_EQ(weight.scales.sizes(), at::IntArrayRef({2, 3}));
      EXPECT_EQ(doubles(rows.scales.cpu())[5 * 3], 1.0) << "a block of zeros";
      EXPECT_EQ(code_at(rows.codes, 5 * 272), 0);
    }
  }
}

TEST(Fp8, WhatIsNoNumberStaysNoNumber) {
  at::Tensor x = at::zeros({1, 16});
  x.data_ptr<float>()[3] = std::numeric_limits<float>::quiet_NaN();
  x.data_ptr<float>()[4] = 2.0f;
  x.data_ptr<float>()[5] = 1e-45f;
  for (const DeviceUnderTest& where : devices_under_test()) {
    const OnDevice guard(where);
    const Fp8Blocks y = fp8_rows(where.put(x));
    EXPECT_EQ(code_at(y.codes, 3) & 0x7f, 0x7f);
    EXPECT_EQ(code_at(y.codes, 4), 0x7e);
    EXPECT_EQ(code_at(fp8_rows(where.put(at::zeros({1, 16}).fill_(1e-45f))).codes, 0), 0);
  }
}

// The definition of fp8.h in double: the sum over blocks alone is in fp32 on the device.
void expect_product(const Fp8Blocks& x, const Fp8Blocks& w, const at::Tensor& y) {
  const at::Tensor xc = x.codes.cpu(), wc = w.codes.cpu();
  const Doubles xs = doubles(x.scales.cpu()), ws = doubles(w.scales.cpu()), got = doubles(y.cpu());
  const int64_t rows = xc.size(0), columns = wc.size(0), inner = xc.size(1);
  const int64_t across = (inner + 127) / 128;
  for (int64_t m = 0; m < rows; ++m) {
    for (int64_t n = 0; n < columns; ++n) {
      double want = 0, magnitude = 0;
      for (int64_t k = 0; k < inner; ++k) {
        const double term =
            static_cast<double>(f8_e4m3_value(xc.const_data_ptr<uint8_t>()[m * inner + k])) *
            f8_e4m3_value(wc.const_data_ptr<uint8_t>()[n * inner + k]) * xs[m * across + k / 128] *
            ws[n / 128 * across + k / 128];
        want += term;
        magnitude += std::abs(term);
      }
      const double rounding = y.scalar_type() == at::kFloat ? 0 : std::abs(want) / 256;
      ASSERT_LE(std::abs(got[m * columns + n] - want), 1e-6 * magnitude + rounding)
          << m << ", " << n;
    }
  }
}

TEST(Fp8, ProductsAreTheSumsInDouble) {
  const std::vector<std::array<int64_t, 3>> shapes = {
      {1, 8, 16}, {5, 130, 128}, {129, 65, 272}, {33, 200, 400}};
  for (const DeviceUnderTest& where : devices_under_test()) {
    const OnDevice guard(where);
    for (const auto& [rows, n, k] : shapes) {
      at::Tensor x = shaped({rows, k}, 1), w = shaped({n, k}, 2).mul_(0.05);
      x.narrow(1, 0, std::min<int64_t>(k, 128)).mul_(30);
      const Fp8Blocks a = fp8_rows(where.put(x)), b = fp8_weight(where.put(w));
      for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
        SCOPED_TRACE(where.name + " " + std::to_string(rows) + " " + std::to_string(n) + " " +
                     std::to_string(k));
        expect_product(a, b, fp8_linear(a, b, type));
      }
    }
  }
}

TEST(Fp8, ARowHasTheSameBitsAloneAndInABatch) {
  const at::Tensor x = shaped({150, 272}, 1), w = shaped({70, 272}, 2);
  for (const DeviceUnderTest& where : devices_under_test()) {
    const OnDevice guard(where);
    const Fp8Blocks b = fp8_weight(where.put(w));
    const at::Tensor all = fp8_linear(fp8_rows(where.put(x)), b, at::kFloat).cpu();
    for (const int64_t row : {0, 17, 128, 149}) {
      const Fp8Blocks alone = fp8_rows(where.put(x.narrow(0, row, 1).clone()));
      EXPECT_TRUE(same_bits(fp8_linear(alone, b, at::kFloat).cpu(), all.narrow(0, row, 1))) << row;
    }
  }
}

// What FP8 costs: within a few percent of the exact product.
TEST(Fp8, TheProductIsCloseToThatOfTheValues) {
  const at::Tensor x = shaped({16, 512}, 1), w = shaped({64, 512}, 2);
  const Doubles a = doubles(x), b = doubles(w);
  for (const DeviceUnderTest& where : devices_under_test()) {
    const OnDevice guard(where);
    const Doubles got =
        doubles(fp8_linear(fp8_rows(where.put(x)), fp8_weight(where.put(w)), at::kFloat).cpu());
    double error = 0, square = 0;
    for (int64_t m = 0; m < 16; ++m) {
      for (int64_t n = 0; n < 64; ++n) {
        double want = 0;
        for (int64_t k = 0; k < 512; ++k) want += a[m * 512 + k] * b[n * 512 + k];
        error += (got[m * 64 + n] - want) * (got[m * 64 + n] - want);
        square += want * want;
      }
    }
    EXPECT_LT(std::sqrt(error / square), 0.05) << where.name;
  }
}

// sm_80 has no products of e4m3 and takes those of bf16. Sums of codes this close to each other are
// exact, so every bit is the same.
TEST(Fp8, ProductsOfBf16TakeTheSameTerms) {
  std::mt19937 generator(1);
  for (const uint32_t lowest : {0x00u, 0x30u, 0x66u}) {
    std::array<uint32_t, 128> a;
    std::array<uint32_t, 64> b;
    const auto fill = [&](auto& words) {
      for (uint32_t& word : words) {
        word = 0;
        for (int i = 0; i < 4; ++i) {
          const uint32_t sign = generator() % 2;
          word = word << 8 | sign << 7 | (lowest + generator() % 0x18);
        }
      }
    };
    fill(a);
    fill(b);
    const testing_support::E4m3Products products = testing_support::e4m3_both_ways(a, b);
    for (size_t i = 0; i < 128; ++i) EXPECT_EQ(products.by_bf16[i], products.by_e4m3[i]) << i;
    EXPECT_NE(products.by_e4m3[0], 0.0f);
  }
}

TEST(Fp8, RefusesWhatItCannotTake) {
  EXPECT_THROW(fp8_rows(shaped({2, 16}, 1)), CheckError) << "no device";
  for (const DeviceUnderTest& where : devices_under_test()) {
    const OnDevice guard(where);
    EXPECT_THROW(fp8_rows(where.put(shaped({2, 17}, 1))), CheckError);
    const Fp8Blocks rows = fp8_rows(where.put(shaped({2, 32}, 1)));
    EXPECT_THROW(fp8_linear(rows, rows, at::kFloat), CheckError);
  }
}

}  // namespace
}  // namespace cohort::kernels
