#include "kernels/memory/step_memory.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <optional>

#include "core/base/error.h"

namespace cohort::kernels {
namespace {

class StepMemoryTest : public ::testing::Test {
 protected:
  const at::NoGradGuard no_grad_;
  StepMemory memory_;
  std::optional<StepMemory::Use> use_{std::in_place, memory_};
};

TEST_F(StepMemoryTest, ATensorThatNobodyHoldsIsHandedOutAgain) {
  at::Tensor x = result({3, 40}, at::kFloat);
  const void* const where = x.data_ptr();
  x.reset();
  const at::Tensor y = result({2, 50}, at::kFloat);
  EXPECT_EQ(y.data_ptr(), where);
  EXPECT_EQ(y.sizes(), (at::IntArrayRef{2, 50}));
  EXPECT_TRUE(y.is_contiguous());
}

TEST_F(StepMemoryTest, WhatSomebodyHoldsIsLeftAlone) {
  const at::Tensor x = result({8}, at::kFloat), y = result({8}, at::kFloat);
  EXPECT_NE(x.data_ptr(), y.data_ptr());
  EXPECT_NE(result({8}, at::kFloat).data_ptr(), x.data_ptr());
}

TEST_F(StepMemoryTest, AViewAloneHoldsTheMemoryThatItLooksAt) {
  at::Tensor x = result({4, 6}, at::kFloat);
  const void* const where = x.data_ptr();
  at::Tensor view = view_column_range(x, 2, 3);
  x.reset();
  EXPECT_NE(result({4, 6}, at::kFloat).data_ptr(), where);
  view.reset();
  at::Tensor again = result({4, 6}, at::kFloat);
  EXPECT_EQ(again.data_ptr(), where);
}

TEST_F(StepMemoryTest, TypesDoNotShareMemory) {
  at::Tensor x = result({8}, at::kFloat);
  const void* const where = x.data_ptr();
  x.reset();
  const at::Tensor y = result({8}, at::kInt);
  EXPECT_EQ(y.scalar_type(), at::kInt);
  EXPECT_NE(y.data_ptr(), where);
}

TEST_F(StepMemoryTest, RowCountsThatComeAndGoDoNotAddUp) {
  for (const int64_t rows : {64, 1, 63, 40, 2, 64, 17}) result({rows, 100}, at::kFloat);
  EXPECT_EQ(memory_.bytes(), 8192 * 4);  // one piece, for the most rows
}

TEST_F(StepMemoryTest, ViewsShowWhatLibTorchsWouldShow) {
  const auto filled = [] {
    const at::Tensor x = result({3, 24}, at::kFloat);
    x.copy_(at::arange(72, at::kFloat).view({3, 24}));
    return x;
  };
  const at::Tensor x = filled();
  EXPECT_TRUE(at::equal(view_column_range(x, 8, 12), x.narrow(1, 8, 12)));
  EXPECT_TRUE(at::equal(view_row_range(x, 1, 2), x.narrow(0, 1, 2)));
  EXPECT_TRUE(at::equal(view_heads(x, 4), x.unflatten(1, {4, 6})));
  const at::Tensor part = view_column_range(view_row_range(x, 1, 2), 8, 12);
  EXPECT_TRUE(
      at::equal(view_heads(part, 3), x.narrow(0, 1, 2).narrow(1, 8, 12).unflatten(1, {3, 4})));
  EXPECT_TRUE(at::equal(view_rows(view_heads(x, 4)), x));
  EXPECT_THROW(view_column_range(x, 20, 5), CheckError);
  EXPECT_THROW(view_row_range(x, 2, 2), CheckError);
}

TEST_F(StepMemoryTest, WhileAGradientIsRecordedOrOnceTheUseEndsNothingIsTaken) {
  {
    const at::AutoGradMode recorded(true);
    result({8}, at::kFloat);
    const at::Tensor leaf = at::zeros({2, 8}, at::kFloat).requires_grad_(true);
    EXPECT_TRUE(view_heads(leaf, 2).requires_grad());
  }
  use_.reset();
  result({8}, at::kFloat);
  EXPECT_EQ(memory_.bytes(), 0);
}

}  // namespace
}  // namespace cohort::kernels
