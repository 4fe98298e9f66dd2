#include "rewards/math/verify.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "rewards/math/parse/parse.h"
#include "tests/rewards/math/compare/golds.h"

namespace cohort::math {
namespace {

using Json = nlohmann::json;

const char* verdict_of(std::string_view gold, std::string_view completion) {
  return verdict_name(verify(gold, completion).result.verdict);
}

// The cases that every default setting must get right.
bool is_gated(const Json& row) {
  const std::string status = row.value("status", "probe");
  return status == "ok" || status == "known-upstream-failure" || status == "derived" ||
         status == "letters" || status == "multilingual" || status == "probe";
}

void expect_cases(const std::string& file, int64_t least) {
  if (!have_shared_data()) GTEST_SKIP() << "no case files beside the source tree";
  std::ifstream in(shared_data(file));
  int64_t judged = 0;
  for (std::string line; std::getline(in, line);) {
    const Json row = Json::parse(line);
    if (!is_gated(row)) continue;
    std::string gold = row.at("gold"), completion = row.at("pred");
    if (row.value("extraction", "") == "bare") {
      gold = "\\boxed{" + gold + "}";
      completion = "\\boxed{" + completion + "}";
    }
    const Verification v = verify(gold, completion);
    EXPECT_EQ(v.result.verdict == Verdict::correct, row.at("expected").get<bool>())
        << gold << " | " << completion << " | " << reason_name(v.result.reason);
    ++judged;
  }
  EXPECT_GE(judged, least);
}

TEST(Verify, PublicCases) { expect_cases("math_public.jsonl", 200); }
TEST(Verify, DerivedNegatives) { expect_cases("math_derived_negatives_public.jsonl", 150); }
TEST(Verify, Probes) { expect_cases("math_probes_public.jsonl", 38); }

TEST(Verify, Math500SolutionsAreRight) {
  if (!have_shared_data()) GTEST_SKIP() << "no data sets beside the source tree";
  const auto answers = golds("math500.jsonl.gz");
  const auto solutions = golds("math500.jsonl.gz", "solution");
  ASSERT_EQ(answers.size(), 500u);
  for (size_t i = 0; i < answers.size(); ++i) {
    EXPECT_STREQ(verdict_of(answers[i], solutions[i]), "correct") << answers[i];
    EXPECT_STREQ(verdict_of(answers[i], solutions[(i + 7) % 500]),
                 answers[i] == answers[(i + 7) % 500] ? "correct" : "incorrect")
        << answers[i] << " | " << answers[(i + 7) % 500];
  }
}

TEST(Verify, HedgesAreWrong) {
  for (const char* text :
       {"\\boxed{5, 7}", "\\boxed{5} or \\boxed{7}", "\\boxed{5=6=7}", "\\boxed{5}, no, \\boxed{7}",
        "The answer is 5 or 7.", "The answer is $5$ or $7$.", "$5$ and $7$", "1, 2, 3, 4, 5, 6, 7",
        "Either 5 or 7.", "<answer>5 or 7</answer>", "\\boxed{\\pm 7}", "\\boxed{7 \\text{ or } 5}",
        "The answer is 5 (or 7).", "\\boxed{7 (maybe)}", "\\boxed{5 < 7}", "\\boxed{x}"})
    EXPECT_STREQ(verdict_of("7", text), "incorrect") << text;
}

TEST(Verify, AUnitBehindTheBoxCountsWhenTheGoldHasOne) {
  EXPECT_STREQ(verdict_of("5 \\text{ cm}", "\\boxed{5} cm"), "correct");
  EXPECT_STREQ(verdict_of("5 \\text{ cm}", "\\boxed{5} m."), "incorrect");
  EXPECT_STREQ(verdict_of("5 \\text{ hours}", "\\boxed{300}$ minutes"), "correct");
  EXPECT_STREQ(verdict_of("10", "\\boxed{10}\\%"), "correct");
  EXPECT_STREQ(verdict_of("0.1", "\\boxed{10}\\%"), "correct");
  EXPECT_STREQ(verdict_of("5", "\\boxed{5} in total"), "correct");
}

// What equals nothing but itself says so before the run.
TEST(Verify, AGoldThatOnlyItsRepetitionEqualsIsTold) {
  for (const char* gold :
       {"\\lim_{x\\to 0}\\frac{\\sin x}{x}", "\\int_0^1 e^{-x^2} dx",
        "\\sum_{k=0}^{\\infty}\\frac{1}{k!}", "\\sum_{k=1}^{n} k", "1+2+\\cdots+n"}) {
    const RewardResult result = verify_gold(gold).result;
    EXPECT_EQ(result.verdict, Verdict::correct) << gold;
    EXPECT_EQ(result.reason, Reason::not_simplifiable) << gold;
  }
  for (const char* gold : {"\\sum_{k=1}^{10} k", "\\sum_{k=0}^{\\infty}\\frac{1}{2^k}", "n+1",
                           "1, 2, 3, \\ldots", "\\text{east}", "f(x)=x^2"})
    EXPECT_EQ(verify_gold(gold).result.reason, Reason::ok) << gold;
  for (const char* gold : {"((3", "\\frac{1}{", "\\notacommand{5}"})
    EXPECT_EQ(verify_gold(gold).result.verdict, Verdict::undecided) << gold;
}

TEST(Verify, TellsWhatItReadAndWhichTierDecided) {
  const Verification v = verify("$\\frac12$", "so \\boxed{0.5}");
  EXPECT_EQ(v.result.extracted, "0.5");
  EXPECT_EQ(v.gold_text, "$\\frac12$");
  ASSERT_TRUE(v.gold && v.answer);
  EXPECT_EQ(to_text(*v.gold), "divide(1, 2)");
  EXPECT_EQ(to_text(*v.answer), "0.5");
  EXPECT_NE(v.tier, Tier::structure);
}

std::string repeated(std::string_view part, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += part;
  return text;
}

TEST(Verify, HostilePairsEndInTimeWithAReason) {
  const std::pair<std::string, std::string> pairs[] = {
      {"7", "\\boxed{9^{9^{9^9}}}"},
      {"7", "\\boxed{2003^{2002^{2001}}}"},
      {"7", "\\boxed{1000000000!}"},
      {"7", "\\boxed{\\binom{1000000000}{500000000}}"},
      {"7", "\\boxed{(x+y+z+w)^{200}}"},
      {"x", "\\boxed{(x+y+z+w)^{200}}"},
      {"7", "\\boxed{\\sum_{k=1}^{1000000000} k}"},
      {"7", "\\boxed{" + std::string(100'000, '7') + "}"},
      {"7", std::string(100'000, '7')},
      {"7", "\\boxed{" + repeated("(", 2000) + "7" + repeated(")", 2000) + "}"},
      {"7", repeated("(", 2000) + "7" + repeated(")", 2000)},
      {"7", "\\boxed{" + repeated("\\frac{1}{", 300) + "7" + repeated("}", 300) + "}"},
      {"7", repeated("$", 20'000)},
      {"7", repeated("$7$8", 20'000)},
      {"7", "\\boxed{" + repeated("\\sqrt{1+", 40) + "1" + repeated("}", 40) + "}"},
  };
  for (const auto& [gold, completion] : pairs) {
    // The best of three: the machine may be busy.
    auto best = std::chrono::steady_clock::duration::max();
    Verification v;
    for (int i = 0; i < 3; ++i) {
      const auto start = std::chrono::steady_clock::now();
      v = verify(gold, completion);
      best = std::min(best, std::chrono::steady_clock::now() - start);
    }
    EXPECT_LT(best, std::chrono::milliseconds(60)) << completion.substr(0, 60);
    EXPECT_EQ(v.result.verdict, Verdict::incorrect) << completion.substr(0, 60);
    EXPECT_NE(v.result.reason, Reason::ok) << completion.substr(0, 60);
  }
}

// A byte dropped, doubled, changed or moved: whatever comes of it is read alike twice, and judged.
TEST(Verify, MutatedAnswersAreReadAlikeTwiceAndNeverCrash) {
  if (!have_shared_data()) GTEST_SKIP() << "no data sets beside the source tree";
  std::mt19937 random(7);
  constexpr std::string_view kBytes = "\\{}()[]^_$,;.|!&%0123456789+-*/=<> abcxyzi\"'~#\x80\xff";
  for (const std::string& gold : golds("math500.jsonl.gz")) {
    for (int round = 0; round < 8; ++round) {
      std::string text = gold;
      for (int edit = 0; edit <= round % 3; ++edit) {
        const size_t at = random() % (text.size() + 1);
        const char byte = kBytes[random() % kBytes.size()];
        if (random() % 2 == 0 || at >= text.size())
          text.insert(text.begin() + static_cast<int64_t>(at), byte);
        else if (random() % 2 == 0)
          text.erase(at, 1 + random() % 3);
        else
          text[at] = byte;
      }
      const Verification first = verify(gold, "\\boxed{" + text + "}");
      const Verification second = verify(gold, "\\boxed{" + text + "}");
      EXPECT_EQ(first.result.verdict, second.result.verdict) << text;
      EXPECT_EQ(first.result.reason, second.result.reason) << text;
      EXPECT_TRUE(first.answer == second.answer) << text;
    }
  }
}

}  // namespace
}  // namespace cohort::math
