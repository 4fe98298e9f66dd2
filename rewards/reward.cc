#include "rewards/reward.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/base/files.h"
#include "rewards/format/format_reward.h"
#include "rewards/math/math_reward.h"

namespace cohort {

namespace {

struct Kind {
  const char* name;
  std::unique_ptr<Reward> (*make)();
};

constexpr std::array kKinds = {
    Kind{"math", [] { return std::unique_ptr<Reward>(std::make_unique<MathReward>()); }},
    Kind{"format", [] { return std::unique_ptr<Reward>(std::make_unique<FormatReward>()); }},
};

}  // namespace

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::correct:
      return "correct";
    case Verdict::incorrect:
      return "incorrect";
    case Verdict::undecided:
      return "undecided";
    case Verdict::not_applicable:
      return "not_applicable";
  }
  throw_error<CheckError>("verdict {} has no name", static_cast<int>(verdict));
}

const char* reason_name(Reason reason) {
  switch (reason) {
    case Reason::ok:
      return "ok";
    case Reason::no_answer:
      return "no_answer";
    case Reason::unterminated_box:
      return "unterminated_box";
    case Reason::unterminated_answer:
      return "unterminated_answer";
    case Reason::empty_answer:
      return "empty_answer";
    case Reason::answer_not_a_number:
      return "answer_not_a_number";
    case Reason::different_number:
      return "different_number";
    case Reason::gold_not_a_number:
      return "gold_not_a_number";
    case Reason::truncated:
      return "truncated";
    case Reason::no_think:
      return "no_think";
    case Reason::think_out_of_place:
      return "think_out_of_place";
    case Reason::text_outside_tags:
      return "text_outside_tags";
    case Reason::repeated_tag:
      return "repeated_tag";
    case Reason::answer_too_long:
      return "answer_too_long";
    case Reason::kCount:
      break;
  }
  throw_error<CheckError>("reason {} has no name", static_cast<int>(reason));
}

std::vector<std::string> reward_kinds() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

std::unique_ptr<Reward> make_reward(const RewardConfig& config) {
  for (const Kind& kind : kKinds)
    if (config.kind == kind.name) return kind.make();
  const std::string nearest = nearest_name(config.kind, reward_kinds());
  throw_error<ConfigError>("reward kind \"{}\" is unknown{}", config.kind,
                           nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?");
}

void RewardConfig::describe(Fields& f) {
  f.field("name", name, "Key in metrics and rollout files. Empty: the kind.");
  f.field("weight", weight, "Factor of this component in the total reward.");
}

}  // namespace cohort
