// One pool with one helper for all tests of the sandbox, so that each test runs where the one
// before has been.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "rewards/code/sandbox.h"

namespace cohort::judge {

using End = Execution::End;

std::string helper_path_for_tests();
const Availability& sandbox_here();
Sandbox& shared_sandbox();

Execution run_python(const std::string& source, const std::string& input = "",
                     const Limits& limits = {});
Execution run_call(const std::string& source, const std::string& entry_point,
                   const std::string& arguments, const Limits& limits = {});
Execution run_cpp(const std::string& source, const std::string& input = "",
                  const Limits& limits = {});
std::string describe(const Execution& execution);
// Short: CPU 1 s, wall 2 s, 256 MiB.
Limits short_limits();
// CPU 0.3 s, wall 0.8 s: of programs that nothing but a limit ends.
Limits tight_limits();
// Each on a worker of a pool of two, in this order.
std::vector<Execution> run_side_by_side(const std::vector<Job>& jobs);

// What a pool must not lose or gain: processes below this one, their open descriptors, memory
// cgroups, files of others' in /tmp.
struct Inventory {
  int processes = 0, descriptors = 0, cgroups = 0, files = 0;
  bool operator==(const Inventory&) const = default;
};
// When it has stopped changing, or is as expected.
Inventory take_quiet_inventory(const Inventory* expected = nullptr);
std::string describe(const Inventory& inventory);

// After each test: nothing is left behind, the answer came in time, and the next sample is fine.
class SandboxTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

 private:
  Inventory before_;
};

}  // namespace cohort::judge
