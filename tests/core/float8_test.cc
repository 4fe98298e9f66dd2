// The golden has torch's values of all codes: tools/goldens/make_fp8_golden.py.
#include "core/io/float8.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "core/io/safetensors.h"

namespace cohort {
namespace {

TEST(Float8, EveryCodeIsTorchsNumber) {
  const auto file = SafetensorsFile::open(COHORT_SOURCE_DIR "/tests/golden/io/f8_e4m3.safetensors");
  const TensorView& codes = file->tensors().at("codes");
  const TensorView& values = file->tensors().at("values");
  ASSERT_EQ(codes.dtype, DType::f8_e4m3);
  ASSERT_EQ(codes.shape, std::vector<int64_t>{256});
  for (size_t i = 0; i < 256; ++i) {
    const auto code = static_cast<uint8_t>(codes.data[i]);
    const float got = kF8E4M3Values[code];
    if (code == 0x7f || code == 0xff) {
      EXPECT_TRUE(std::isnan(got)) << i;
      continue;
    }
    uint32_t want;
    std::memcpy(&want, values.data.data() + 4 * i, 4);
    EXPECT_EQ(std::bit_cast<uint32_t>(got), want) << "code " << i << " is " << got;
  }
  EXPECT_EQ(f8_e4m3_value(0x7e), 448.0f);
}

}  // namespace
}  // namespace cohort
