#include "kernels/device/roofline.h"

#include <gtest/gtest.h>

#include "tests/support/device_under_test.h"

namespace cohort::kernels {
namespace {

// Between what no machine is too slow for and what none reaches.
TEST(Roofline, FiguresAreThoseOfAMachine) {
  for (const testing_support::DeviceUnderTest& where : testing_support::devices_under_test()) {
    const Roofline roof = measure_roofline(where.device, 256, 64 << 20);
    for (const double flops : {roof.bf16_flops, roof.fp32_flops}) {
      EXPECT_GT(flops, 1e8) << where.name;
      EXPECT_LT(flops, 1e16) << where.name;
    }
    EXPECT_GT(roof.bytes, 1e8) << where.name;
    EXPECT_LT(roof.bytes, 1e14) << where.name;
  }
}

}  // namespace
}  // namespace cohort::kernels
