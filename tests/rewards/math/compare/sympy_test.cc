// Against SymPy: tools/goldens/math_identities.py.
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/rewards/math/compare/judge.h"

namespace cohort::math {
namespace {

TEST(MathSympy, FormsOfOneExpressionAreEqualAndOthersDiffer) {
  std::ifstream file(COHORT_SOURCE_DIR "/tests/golden/rewards/math_identities.jsonl");
  int64_t rows = 0;
  for (std::string line; std::getline(file, line); ++rows) {
    const auto row = nlohmann::json::parse(line);
    const std::string expression = row.at("expression"), equal = row.at("equal"),
                      other = row.at("other");
    EXPECT_EQ(verdict(expression, equal), "correct") << line;
    EXPECT_EQ(verdict(equal, expression), "correct") << line;
    EXPECT_EQ(verdict(expression, other), "different_value") << line;
    EXPECT_EQ(verdict(other, equal), "different_value") << line;
  }
  EXPECT_GE(rows, 200);
}

}  // namespace
}  // namespace cohort::math
