#include "model/weight_filler.h"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/model/model_test_support.h"

namespace cohort {
namespace {

// 1 + 1 / (i + 1) for element i of the flat buffer: most are not bf16.
void fill_all(WeightFiller& filler, int64_t numel) {
  constexpr int64_t kAtOnce = 1000;
  for (int64_t begin = 0; begin < numel; begin += kAtOnce)
    filler.fill(begin, std::min(kAtOnce, numel - begin), [&](std::span<float> out) {
      for (size_t i = 0; i < out.size(); ++i)
        out[i] = 1.0f + 1.0f / static_cast<float>(begin + static_cast<int64_t>(i) + 1);
    });
}

TEST(WeightFiller, EveryStoreHoldsTheValuesInItsType) {
  ParameterStore fp32(small_config(), at::kFloat), bf16(small_config(), at::kBFloat16),
      alone(small_config(), at::kBFloat16);
  at::Tensor fp32_masters, bf16_masters;
  {
    WeightFiller one(fp32, &fp32_masters), two(bf16, &bf16_masters), three(alone, nullptr);
    for (WeightFiller* filler : {&one, &two, &three}) fill_all(*filler, fp32.numel());
  }
  for (const int64_t i : {int64_t{0}, int64_t{999}, int64_t{1000}, fp32.numel() - 1})
    EXPECT_EQ(fp32.flat()[i].item<float>(), 1.0f + 1.0f / static_cast<float>(i + 1));
  EXPECT_TRUE(fp32_masters.is_alias_of(fp32.flat()));  // no second copy
  EXPECT_TRUE(at::equal(bf16_masters, fp32.flat()));
  EXPECT_TRUE(at::equal(bf16.flat(), fp32.flat().to(at::kBFloat16)));
  EXPECT_TRUE(at::equal(alone.flat(), bf16.flat()));
}

TEST(WeightFiller, Bf16GoesInAsItIsUnlessMastersAreWanted) {
  ParameterStore store(small_config(), at::kBFloat16), fp32(small_config(), at::kFloat);
  at::Tensor masters;
  EXPECT_FALSE(WeightFiller(store, &masters).takes_bf16());
  EXPECT_FALSE(WeightFiller(fp32, nullptr).takes_bf16());
  WeightFiller filler(store, nullptr);
  ASSERT_TRUE(filler.takes_bf16());
  filler.fill_bf16(7, 3, [](std::span<uint16_t> out) { std::ranges::fill(out, 0x4049); });
  EXPECT_EQ(store.flat()[6].item<float>(), 0.0f);
  EXPECT_EQ(store.flat()[9].item<float>(), 3.140625f);
  EXPECT_EQ(store.flat()[10].item<float>(), 0.0f);
  WeightFiller with_masters(store, &masters);
  EXPECT_THROW(with_masters.fill_bf16(0, 1, [](std::span<uint16_t>) {}), CheckError);
}

TEST(WeightFiller, PackedFormsAreRebuilt) {
  ParameterStore store(small_config(), at::kFloat);
  const int64_t version = store.block("lm_head").version;
  { const WeightFiller filler(store, nullptr); }
  EXPECT_GT(store.block("lm_head").version, version);
}

}  // namespace
}  // namespace cohort
