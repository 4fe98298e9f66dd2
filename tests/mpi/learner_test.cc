// The update over MPI against the same update on one rank.
#include "trainer/learner.h"

#include <gtest/gtest.h>

#include "tests/mpi/world.h"
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

}  // namespace
}  // namespace cohort
