// Where rollouts meet rewards: a completion's text and metadata go to the rubric, its scores into
// the group.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/tokenizer/tokenizer.h"
#include "rewards/reward.h"
#include "rollout/data/dataset.h"
#include "rollout/types.h"

namespace cohort {

class Grader {
 public:
  // `stop_ids` end a completion and are no part of what is graded.
  Grader(const std::vector<RewardConfig>& rewards, std::shared_ptr<const Tokenizer> tokenizer,
         std::vector<int64_t> stop_ids);

  void grade(Group& group) const;  // fills scores; thread-safe
  const Rubric& rubric() const { return rubric_; }
  // Whether this completion's answer is right, by the rubric's accuracy component; by a positive
  // weighted sum when it has none. Punishments do not count.
  bool is_right(const Score& score) const;
  // A completion without the token that stopped it.
  std::string text_of(const Completion& completion) const;
  // Whether the reward could not judge a completion (the accuracy component; any, when there is
  // none): its 0 says nothing, so the group is not learnt from.
  bool is_undecided(const Group& group) const { return !undecided_reason(group).empty(); }
  std::string undecided_reason(const Group& group) const;  // of the first such; empty when none is
  struct GoldRow {
    int64_t row;
    std::string reason;
  };
  // Rows of `data` whose gold answer its own reward does not accept (`bad`), or accepts while
  // nothing but its own repetition can equal it (`repeated`).
  struct GoldCheck {
    std::vector<GoldRow> bad, repeated;
  };
  GoldCheck check_gold(const Dataset& data) const;

 private:
  Rubric rubric_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::vector<int64_t> stop_ids_;
};

// `data` with every gold answer accepted by its own reward. Else, by `on_bad`: "stop" throws
// InputError that lists the others by file and line; "drop" returns their rows; "warn" returns
// them too, for rows that stay in and can never be right. Without one good row it always throws.
// Golds that only their own repetition can equal are named in a warning.
std::vector<int64_t> check_gold(const std::string& stage, const Grader& grader, const Dataset& data,
                                const std::string& on_bad);

// Threads that grade groups while others are still being sampled.
class GradingPool {
 public:
  GradingPool(const Grader& grader, int64_t workers);
  ~GradingPool();
  GradingPool(const GradingPool&) = delete;
  GradingPool& operator=(const GradingPool&) = delete;

  void submit(Group&& group);
  // Waits for all that was submitted; in no particular order. A grader's exception is thrown here.
  // `waiting` is called now and then.
  std::vector<Group> take(const std::function<void()>& waiting = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cohort
