#include "rewards/math/math_reward.h"

#include "rewards/math/answer_text.h"
#include "rewards/math/exact_number.h"

namespace cohort {

RewardResult MathReward::score(const RewardInput& input) const {
  ExactNumber gold, answer;
  if (parse_number(trim_blanks(input.answer), gold) != NumberParse::ok)
    return {0, Verdict::undecided, Reason::gold_not_a_number};

  const AnswerText found = find_answer(input.completion);
  if (found.reason != Reason::ok) {
    // A cut completion had no chance to close its answer: say that it was cut.
    const Reason reason = input.truncated ? Reason::truncated : found.reason;
    return {0, Verdict::incorrect, reason};
  }
  switch (parse_number(found.text, answer)) {
    case NumberParse::not_a_number:
      return {0, Verdict::incorrect, Reason::answer_not_a_number};
    case NumberParse::too_long:
      return {0, Verdict::incorrect, Reason::answer_too_long};
    case NumberParse::ok:
      break;
  }
  if (!answer.equals(gold)) return {0, Verdict::incorrect, Reason::different_number};
  return {1, Verdict::correct, Reason::ok};
}

RewardResult MathReward::score_gold(const RewardInput& row) const {
  const std::string answer = "<answer>" + std::string(row.answer) + "</answer>";
  return score({.prompt = row.prompt, .completion = answer, .answer = row.answer});
}

}  // namespace cohort
