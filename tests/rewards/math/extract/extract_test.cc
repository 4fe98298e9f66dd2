#include "rewards/math/extract/extract.h"

#include <gtest/gtest.h>

#include <chrono>

namespace cohort::math {
namespace {

// The answer's text, several joined by '|'; "!reason" when there is none.
std::string shown(const Found& found) {
  if (found.reason != Reason::ok) return "!" + std::to_string(static_cast<int>(found.reason));
  std::string text;
  for (const std::string& part : found.texts) text += (text.empty() ? "" : "|") + part;
  return text;
}
std::string none(Reason reason) { return "!" + std::to_string(static_cast<int>(reason)); }

std::string answer(std::string_view completion) { return shown(find_answer(completion, {}).found); }
std::string letter(std::string_view completion) {
  return shown(find_answer(completion, {.wants_letter = true}).found);
}

TEST(Extract, TheMarkOpenedLast) {
  EXPECT_EQ(answer("<think>\\boxed{3}</think> so \\boxed{5}"), "5");
  EXPECT_EQ(answer("\\fbox{5}"), "5");
  EXPECT_EQ(answer("\\boxed{4} ... <answer>5</answer>"), "5");
  EXPECT_EQ(answer("<answer>4</answer> ... \\boxed{5}"), "5");
  EXPECT_EQ(answer("work\n#### 72"), "72");
  EXPECT_EQ(answer("#### Step 3: add\n\\boxed{5}"), "5");
  EXPECT_EQ(answer("\\boxed{5}\n#### 6"), "6");
  EXPECT_EQ(answer("\\\\boxed{004}"), "004");
}

TEST(Extract, BoxesNearEachOtherAreAList) {
  EXPECT_EQ(answer("\\boxed{1}\\boxed{2}"), "1|2");
  EXPECT_EQ(answer("$\\boxed{k = 45} \\quad \\text{and} \\quad \\boxed{n = 2}$"), "k = 45|n = 2");
  EXPECT_EQ(answer("\\boxed{1} papers and \\boxed{2} bins"), "1|2");
  EXPECT_EQ(answer("\\boxed{1} no no no no no \\boxed{2}"), "2");
  EXPECT_EQ(answer("\\boxed{2}, that is \\boxed{2}"), "2");
  EXPECT_EQ(answer("\\boxed{1}, " + std::string(80, 'x') + " \\boxed{2}"), "2");
  EXPECT_EQ(answer("\\boxed{7}, \\boxed{}"), none(Reason::empty_answer));
}

TEST(Extract, Announcements) {
  for (const char* text :
       {"The final answer is 5.", "Final Answer: The final answer is $5$. I hope it is correct.",
        "**Answer:** 5", "Answer\n\n5", "Answer $ 5 $", "the answer is 5 because 2+3=5",
        "the answer is 5, not 7", "The answer to the problem is 5.", "Answer: \\(5\\)",
        "La r\xc3\xa9ponse est 5.", "Die Antwort lautet: 5", "Respuesta: 5",
        "\xe7\xad\x94\xe6\xa1\x88\xe6\x98\xaf"
        "5\xe3\x80\x82",
        "\xe7\xad\x94\xe3\x81\x88\xe3\x81\xaf"
        "5\xe3\x81\xa7\xe3\x81\x99",
        "\xeb\x8b\xb5\xec\x9d\x80 5\xec\x9e\x85\xeb\x8b\x88\xeb\x8b\xa4.",
        "\xd0\x9e\xd1\x82\xd0\xb2\xd0\xb5\xd1\x82: 5", "Cevap: 5", "Odpowied\xc5\xba: 5"})
    EXPECT_EQ(answer(text), "5") << text;
  EXPECT_EQ(answer("Final Answer: The number of points of $f(x)$ is 19."), "19");
  EXPECT_EQ(answer("The answer is 3x + 2."), "3x + 2");
  EXPECT_EQ(answer("The answer is 5 or 7."), "5 or 7");
  EXPECT_EQ(answer("The answer is $5$ or $7$."), "5 \\text{ or } 7");
  EXPECT_EQ(answer("The answer is **Evelyn**."), "Evelyn");
}

TEST(Extract, ABareAnswerIsItself) {
  for (const char* text : {"-5", "1 000", "$1,000.99", "28 percent", "$28$ percent", "$125$ miles",
                           "\\frac{4}{23}", "x^2 + 1", "$5$ and $7$"})
    EXPECT_EQ(answer(text), text);
}

TEST(Extract, TheLastFormulaOfAConclusion) {
  EXPECT_EQ(answer("We find that $x \\lt 3$."), "x \\lt 3");
  EXPECT_EQ(answer("Thus $x <= 2$ is our answer."), "x <= 2");
  EXPECT_EQ(answer("not it's not 10 it's 1,000.99m\xc2\xb2"), "1,000.99\\text{ m}^2");
  EXPECT_EQ(answer("So 4 + 6 = 10 of them, and 3 + 10 = 13."), "13");
  EXPECT_EQ(answer("So the polynomial is 3x+2."), "3x+2");
  EXPECT_EQ(answer("So we get 3/4 of the cake."), "3/4");
  EXPECT_EQ(answer("The point is (3, 4), I think."), "(3, 4)");
  EXPECT_EQ(answer("how many $? just about 1$"), "1");
  EXPECT_EQ(answer("the pair $(x, y)$ is $(7, 6)$. <|im_start|>user 9"), "(7, 6)");
  EXPECT_EQ(answer("We are left with 5, 7 and 9."), "5, 7, 9");
  EXPECT_EQ(answer("I'd say 7."), "7");
  EXPECT_EQ(answer("Thus, x = 3"), "3");
  EXPECT_EQ(answer("Is it 7?"), none(Reason::no_answer));
  EXPECT_EQ(answer("We must simplify $\\sqrt{16}$"), none(Reason::no_answer));
  EXPECT_EQ(answer("Let us consider $x = 3$"), none(Reason::no_answer));
  EXPECT_EQ(answer("There is nothing here that one could read as an answer"),
            none(Reason::no_answer));
}

TEST(Extract, TheThinkingHoldsNoAnswer) {
  EXPECT_EQ(answer("<think>\\boxed{5}</think> done"), none(Reason::answer_outside_final_part));
  EXPECT_EQ(answer("<think>\\boxed{5}"), none(Reason::answer_outside_final_part));
  EXPECT_EQ(answer("a </think> b </think> \\boxed{5}"), "5");
}

TEST(Extract, LettersOfAChoice) {
  EXPECT_EQ(letter("It's not A because it makes no sense, I think it's B"), "(B)");
  EXPECT_EQ(letter("The answer: D, it doesn't make sense for it to be A or B"), "(D)");
  EXPECT_EQ(letter("D. it can't be A or B"), "(D)");
  EXPECT_EQ(letter("r\xc3\xa9ponse est C non A"), "(C)");
  EXPECT_EQ(letter("B\xe3\x80\x82\xe4\xb8\x8d\xe6\x98\xaf A"), "(B)");
  EXPECT_EQ(letter("The answer is A or B."), none(Reason::several_answers));
  EXPECT_EQ(letter("A number of things is unclear to all of us"), none(Reason::no_answer));
  EXPECT_EQ(letter("\\boxed{\\text{(B)}}"), "\\text{(B)}");
}

TEST(Extract, GoldsAreAnswersOrHoldThem) {
  EXPECT_EQ(shown(find_gold("$7$")), "$7$");
  EXPECT_EQ(shown(find_gold("So the answer is: \\[ \\boxed{11} \\]")), "11");
  EXPECT_EQ(shown(find_gold("48/2 = 24\n#### 72")), "72");
  EXPECT_EQ(shown(find_gold("$125$ miles")), "$125$ miles");
  EXPECT_EQ(shown(find_gold("The answer is 5.")), "5");
  EXPECT_EQ(shown(find_gold("no solution")), "no solution");
  EXPECT_NE(find_gold(" ").reason, Reason::ok);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::chrono::seconds kFarTooLong{10};
#else
constexpr std::chrono::milliseconds kFarTooLong{500};
#endif

TEST(Extract, IsLinear) {
  for (const char* part : {"$", "$$", "\\(", "\\[", "\\begin{align}", "\\boxed{", "\\boxed{1},",
                           "#### 1\n", "answer: ", "answer ", "1 + ", "((1, ", "x^", "<|a|",
                           "\xe7\xad\x94", "A or ", "1.", "\\text{"}) {
    std::string text;
    while (text.size() < 400'000) text += part;
    for (const bool wants_letter : {false, true}) {
      const auto start = std::chrono::steady_clock::now();
      try {
        find_answer(text, {.wants_letter = wants_letter});
      } catch (const BudgetExhausted&) {
      }
      EXPECT_LT(std::chrono::steady_clock::now() - start, kFarTooLong) << part;
    }
  }
}

}  // namespace
}  // namespace cohort::math
