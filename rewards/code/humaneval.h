// The asserts of a test function as data: what the program is called with, and what it must return.
//
//   assert candidate(2, [1.5]) == [3]        assert not candidate("x")
//   assert abs(candidate(1.33) - 0.33) < 1e-6
//
// Read by a scanner of its own; nothing is evaluated but constant expressions, and nothing is run.
// The forms are those of HumanEval (Chen et al. 2021, arXiv:2107.03374).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rewards/code/expected.h"

namespace cohort::judge {

struct ConvertedAsserts {
  std::vector<CallTest> tests;
  // Empty: every assert is in `tests` or holds for any function (`assert True`). Else the first
  // statement that is not plain: the whole is then to be judged in another way or not at all.
  std::string not_plain;
  bool plain() const { return not_plain.empty(); }
};

// `test_source` defines check(candidate). Loops over constant ranges and names assigned to
// constants are followed.
ConvertedAsserts convert_asserts(std::string_view test_source, std::string_view entry_point);

}  // namespace cohort::judge
