// Rewards see text and metadata, never tensors. Every value comes with a verdict and a reason code
// from a closed list (docs/rewards.md): nothing is silently 0.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/fields.h"

namespace cohort {

enum class Verdict : uint8_t { correct = 0, incorrect = 1, undecided = 2, not_applicable = 3 };
const char* verdict_name(Verdict verdict);

enum class Reason : uint16_t {
  ok = 0,
  no_answer,         // no <answer> and no \boxed{}
  unterminated_box,  // the last \boxed{ is never closed
  unterminated_answer,
  empty_answer,
  answer_not_a_number,
  different_number,
  gold_not_a_number,  // undecided
  truncated,          // cut by the length limit
  no_think,           // format: does not begin with <think>, or it is never closed
  think_out_of_place,
  text_outside_tags,
  repeated_tag,
  answer_too_long,  // more digits than the budget of an exact comparison
  // New codes go to the end: numbers are stored in rollout files.
  kCount
};
const char* reason_name(Reason reason);

struct RewardInput {
  std::string_view prompt = {};
  std::string_view completion =
      {};  // decoded; when the template ends inside <think>, with that prefix put back
  std::string_view answer = {};  // gold
  bool truncated = false;        // finished by the length limit
};

struct RewardResult {
  double value = 0;
  Verdict verdict = Verdict::undecided;
  Reason reason = Reason::ok;
};

class Reward {
 public:
  virtual ~Reward() = default;
  virtual RewardResult score(const RewardInput& input) const = 0;  // thread-safe, deterministic
};

// One weighted component of a stage's `reward:` list, `- math: {weight: 1.0}`: the kind is the
// entry's tag.
struct RewardConfig {
  std::string name;  // key in metrics and files; defaults to kind
  std::string kind;  // "math" (exact number here), "format"
  double weight = 1.0;
  void describe(Fields& f);
};

std::vector<std::string> reward_kinds();
std::unique_ptr<Reward> make_reward(const RewardConfig& config);

// The weighted sum, each component kept.
class Rubric {
 public:
  explicit Rubric(const std::vector<RewardConfig>& configs);
  ~Rubric();
  struct Scored {
    double total = 0;
    std::vector<RewardResult> components;  // order of names()
  };
  Scored score(const RewardInput& input) const;
  const std::vector<std::string>& names() const;
  // Index of the component that says whether an answer is right (the first math one); -1 when none.
  int accuracy_component() const;

 private:
  std::vector<std::string> names_;
  std::vector<double> weights_;
  std::vector<std::unique_ptr<Reward>> rewards_;
  int accuracy_ = -1;
};

}  // namespace cohort
