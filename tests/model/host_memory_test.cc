#include "model/host_memory.h"

#include <gtest/gtest.h>

#include "core/base/error.h"

namespace cohort {
namespace {

TEST(HostMemory, BuffersOfAnySizeAreZeroAndWritableToTheirEnds) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    for (const int64_t numel : {1, 1000, 5'000'001, 8'388'608}) {
      const at::Tensor buffer = zeros_in_host_memory(numel, dtype);
      EXPECT_EQ(buffer.numel(), numel);
      EXPECT_EQ(buffer.scalar_type(), dtype);
      EXPECT_EQ(buffer.count_nonzero().item<int64_t>(), 0);
      buffer.fill_(1);
      EXPECT_EQ(buffer.count_nonzero().item<int64_t>(), numel);
    }
  }
}

TEST(HostMemory, MoreThanTheMachineHasIsAnError) {
  EXPECT_THROW(zeros_in_host_memory(int64_t{1} << 50, at::kFloat), IoError);
}

}  // namespace
}  // namespace cohort
