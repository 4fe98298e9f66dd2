#include <thread>
#include <vector>

#include "tests/rewards/math/compare/judge.h"

namespace cohort::math {
namespace {

TEST(MathThreads, GiveTheSameVerdicts) {
  constexpr std::pair<const char*, const char*> kPairs[] = {
      {"\\sqrt{3+2\\sqrt2}", "1+\\sqrt2"},    {"\\sqrt{3+2\\sqrt2}", "1+\\sqrt3"},
      {"\\frac1{2004!}", "\\frac1{2006!}"},   {"\\tan\\frac x2", "\\frac{1-\\cos x}{\\sin x}"},
      {"(x+1)^{40}", "(1+x)^{20}(1+x)^{20}"}, {"\\cos\\frac\\pi5", "\\frac{1+\\sqrt5}4"},
      {"1\\pm\\sqrt{19}", "1-\\sqrt{19}, 3"}, {"9^{9^{9^9}}", "5"}};
  std::vector<std::string> expected;
  for (const auto& [gold, answer] : kPairs) expected.push_back(verdict(gold, answer));
  std::vector<std::vector<std::string>> got(8);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : got) {
      threads.emplace_back([&mine, &kPairs] {
        for (int round = 0; round < 5; ++round) {
          mine.clear();
          for (const auto& [gold, answer] : kPairs) mine.push_back(verdict(gold, answer));
        }
      });
    }
  }
  for (const auto& mine : got) EXPECT_EQ(mine, expected);
}

}  // namespace
}  // namespace cohort::math
