// The update over MPI against the same update on one rank.
#include "trainer/learner.h"

#include <gtest/gtest.h>

#include "tests/mpi/world.h"
#include "tests/support/device_under_test.h"
#include "tests/trainer/toy.h"

namespace cohort {
namespace {

TEST(LearnerMpi, GivesTheBitsAndMetricsOfOneRank) {
  for (at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    const auto alone = make_null_communicator();
    const toy::RunResult expected = toy::train_a_little(*alone, dtype);
    const toy::RunResult result = toy::train_a_little(world(), dtype);
    EXPECT_EQ(result.weights, expected.weights) << at::toString(dtype);
    EXPECT_EQ(result.metrics, expected.metrics) << at::toString(dtype);
  }
}

// The same on the kernels' sources compiled for the host: reduction and weights go through the
// exchange of device memory.
TEST(LearnerMpi, GivesTheBitsOfOneRankOnTheDevicesKernels) {
  for (const auto& where : testing_support::devices_under_test()) {
    if (!where.emulated) continue;
    const testing_support::OnDevice guard(where);
    const auto alone = make_null_communicator();
    const toy::RunResult expected = toy::train_a_little(*alone, at::kFloat, /*num_groups=*/9);
    const toy::RunResult result = toy::train_a_little(world(), at::kFloat, /*num_groups=*/9);
    EXPECT_EQ(result.weights, expected.weights);
    EXPECT_EQ(result.metrics, expected.metrics);
  }
}

}  // namespace
}  // namespace cohort
