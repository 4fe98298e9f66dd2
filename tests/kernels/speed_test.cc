// That yardsticks measure something; how fast they are is for quiet machines.
#include <gtest/gtest.h>

#include "kernels/linear/dispatch.h"
#include "kernels/speed/peak_loops.h"
#include "kernels/speed/peaks.h"
#include "kernels/speed/product_speed.h"

namespace cohort::kernels {
namespace {

TEST(Speed, PeaksAreThoseOfTheProcessor) {
  const ComputePeak fp32 = fp32_peak(1), bf16 = bf16_peak(1);
  EXPECT_GT(fp32.gflop_s, 0.1);
  EXPECT_GT(bf16.gflop_s, fp32.gflop_s / 4);  // both vary on a busy machine
  if (gemm::target_available(gemm::Target::kAmx)) {
    EXPECT_STREQ(bf16.unit, "AMX-BF16");
  }
  EXPECT_GT(read_bandwidth(2, 1 << 20), 0.1);
}

TEST(Speed, LoopsCountTheirOperations) {
  const double one = peak::multiply_add_fp32(1);
  EXPECT_GE(one, 2 * 12);  // a lane at least
  EXPECT_EQ(peak::multiply_add_fp32(1000), 1000 * one);
  if (gemm::target_available(gemm::Target::kAmx)) {
    EXPECT_EQ(peak::dot_bf16_amx(3), 3.0 * 4 * 2 * 16 * 16 * 32);
  }
  if (gemm::target_available(gemm::Target::kAvx512Dot)) {
    EXPECT_EQ(peak::dot_bf16_avx512(3), 3.0 * 12 * 2 * 32);
  }
}

TEST(Speed, AReadSeesEveryWord) {
  std::vector<uint64_t> words(1024 + 8);
  uint64_t* const begin = words.data() + (8 - reinterpret_cast<uintptr_t>(words.data()) / 8 % 8);
  EXPECT_EQ(peak::read_all(begin, 8192), 0U);
  for (const size_t i : {0, 511, 777, 1023}) {
    begin[i] = 1;
    EXPECT_EQ(peak::read_all(begin, 8192), 1U) << i;
    begin[i] = 0;
  }
}

TEST(Speed, ProductsGoThroughCopiesOfTheWeight) {
  ProductBench one(64, 32, at::kFloat, 0), many(64, 32, at::kBFloat16, 10 * 64 * 32 * 2 - 1);
  EXPECT_EQ(one.weight_bytes(), 64 * 32 * 4);
  EXPECT_EQ(many.weight_bytes(), 10 * 64 * 32 * 2);
  const ProductSpeed speed = many.measure(3, 3, 1e-4);
  EXPECT_GT(speed.seconds, 0);
  EXPECT_GT(speed.library_seconds, 0);
}

}  // namespace
}  // namespace cohort::kernels
