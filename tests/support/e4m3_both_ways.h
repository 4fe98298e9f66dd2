// One warp's product of e4m3 fragments as sm_89 and later have it, and as sm_80 makes it of bf16.
#pragma once

#include <array>
#include <cstdint>

namespace cohort::testing_support {

struct E4m3Products {
  std::array<float, 128> by_e4m3, by_bf16;
};
E4m3Products e4m3_both_ways(const std::array<uint32_t, 128>& a, const std::array<uint32_t, 64>& b);

}  // namespace cohort::testing_support
