// Rewards see text and metadata, never tensors. Every value comes with a verdict and a reason code
// (rewards/reason.h): nothing is silently 0.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/fields.h"
#include "rewards/reason.h"

namespace cohort {

struct RewardInput {
  std::string_view prompt = {};
  // Decoded; when the template ends inside <think>, with that prefix put back.
  std::string_view completion = {};
  std::string_view answer = {};  // gold: an answer, or a problem with its tests as JSON (code)
  bool truncated = false;        // finished by the length limit
  int64_t tokens = 0;            // of the completion
};

struct RewardResult {
  double value = 0;
  Verdict verdict = Verdict::undecided;
  Reason reason = Reason::ok;
  int32_t test_case = 0;       // the test that decided, from 1; 0: none
  std::string extracted = {};  // what was judged, for people to read; may be empty
};
// "wrong_output_case_3" where a test case decided, else the reason's name.
std::string reason_text(const RewardResult& result);

// The completions of one prompt. `accuracy` has the results of the rubric's accuracy component, one
// a completion; empty when there is none, or while that component itself is scored.
struct RewardGroup {
  std::span<const RewardInput> completions;
  std::span<const RewardResult> accuracy = {};
};

class Reward {
 public:
  virtual ~Reward() = default;
  // One result a completion. Thread-safe; a function of the group alone, unless timed().
  virtual void score_group(const RewardGroup& group, std::span<RewardResult> results) const = 0;
  // The gold answer (`completion` is empty) as its own judge sees it: correct when an answer equal
  // to it is accepted, with not_simplifiable when nothing but its own repetition is. Of rewards
  // that judge answers.
  virtual RewardResult score_gold(const RewardInput&) const {
    return {.value = 0, .verdict = Verdict::not_applicable};
  }
  // The verdict may depend on a clock (code with a time limit, a plugin): recorded verdicts are
  // then replayed when a step is run again.
  virtual bool timed() const { return false; }
};

// A reward that judges each completion by itself.
class CompletionReward : public Reward {
 public:
  virtual RewardResult score(const RewardInput& input) const = 0;
  void score_group(const RewardGroup& group, std::span<RewardResult> results) const final;
};

// The keys of a reward kind and what they make. Declared beside the reward; listed in
// reward_kinds.cc.
class RewardSettings {
 public:
  virtual ~RewardSettings() = default;
  virtual void describe(Fields& f) = 0;
  virtual std::unique_ptr<Reward> make() const = 0;
  // Whether its verdicts say if an answer is right: the first such component of a rubric gives the
  // accuracy.
  virtual bool judges_answers() const { return false; }
  // Whether it reads RewardGroup::accuracy: a rubric must then have a component that judges.
  virtual bool needs_accuracy() const { return false; }
};

std::vector<std::string> reward_kinds();
std::shared_ptr<RewardSettings> default_settings(const std::string& kind);  // throws ConfigError

// One weighted component of a stage's `reward:` list, `- math: {weight: 1.0}`: the kind is the
// entry's tag.
struct RewardConfig {
  std::string name;  // key in metrics and files; defaults to kind
  std::string kind;
  double weight = 1.0;
  double incorrect = 0.0;                         // instead of a value of 0 with verdict incorrect
  std::shared_ptr<RewardSettings> settings = {};  // null: the defaults of the kind
  void describe(Fields& f);
};

// The weighted sum, each component kept.
class Rubric {
 public:
  explicit Rubric(const std::vector<RewardConfig>& configs);
  ~Rubric();
  struct Scored {
    double total = 0;
    std::vector<RewardResult> components;  // order of names()
  };
  std::vector<Scored> score_group(std::span<const RewardInput> completions) const;
  const std::vector<std::string>& names() const;
  // Index of the component that says whether an answer is right (the first that judges answers);
  // -1 when none.
  int accuracy_component() const;
  bool timed() const;  // some component is
  const Reward& component(size_t index) const { return *rewards_[index]; }

 private:
  std::vector<std::string> names_;
  std::vector<double> weights_, incorrect_;
  std::vector<std::unique_ptr<Reward>> rewards_;
  int accuracy_ = -1;
};

}  // namespace cohort
