// Code that passes the tests of its problem: they are the row's answer, as JSON (problem.h).
#pragma once

#include <memory>

#include "rewards/code/judge.h"
#include "rewards/reward.h"

namespace cohort {

// The sandbox of this process, which every code reward uses. It is started before MPI, CUDA and
// threads, and set before the first completion is scored; until then every verdict is undecided
// (sandbox_unavailable).
void set_code_sandbox(std::shared_ptr<judge::Sandbox> sandbox);
std::shared_ptr<judge::Sandbox> code_sandbox();

class CodeReward : public Reward {
 public:
  explicit CodeReward(judge::JudgeRules rules) : rules_(rules) {}
  void score_group(const RewardGroup& group, std::span<RewardResult> results) const override;
  // The problem is read. Where it comes with a solution (HumanEval), that must pass.
  RewardResult score_gold(const RewardInput& input) const override;
  bool timed() const override { return true; }

 private:
  RewardResult score(const judge::CodeProblem& problem, const RewardInput& input) const;
  judge::JudgeRules rules_;
};

struct CodeSettings : RewardSettings {
  std::string language = "python";
  judge::JudgeRules rules;
  void describe(Fields& f) override;
  std::unique_ptr<Reward> make() const override;
  bool judges_answers() const override { return true; }
};

}  // namespace cohort
