// Runs the tests on every rank. Rank 0 prints; the others print their failures alone. The exit code
// of each rank is the worst of all.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>

#include "tests/mpi/world.h"

namespace cohort {
namespace {

std::unique_ptr<Communicator> the_world;

class FailurePrinter : public testing::EmptyTestEventListener {
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    std::cerr << fmt::format("[rank {}] {}.{}: {}:{}: {}\n", the_world->rank(),
                             test ? test->test_suite_name() : "", test ? test->name() : "",
                             result.file_name() ? result.file_name() : "", result.line_number(),
                             result.message());
  }
};

int run_on_every_rank() {
  the_world = make_communicator({.timeout_s = 60});
  if (the_world->rank() != 0) {
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new FailurePrinter);
  }
  int64_t worst = RUN_ALL_TESTS();
  try {
    the_world->all_reduce_max(std::span(&worst, 1), "exit code");
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    the_world->abort(1);
  }
  the_world.reset();
  return static_cast<int>(worst);
}

}  // namespace

Communicator& world() { return *the_world; }

}  // namespace cohort

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (testing::GTEST_FLAG(list_tests)) return RUN_ALL_TESTS();  // no ranks are needed
  return cohort::run_on_every_rank();
}
