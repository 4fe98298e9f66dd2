// The groups that a step of grpo trains on, in stream order: drawn in waves, refused when dynamic
// sampling is on and all their completions score alike. Its whole state is the next ordinal and the
// groups carried over.
#pragma once

#include <functional>
#include <unordered_set>
#include <vector>

#include "trainer/sampler.h"
#include "trainer/stage_config.h"

namespace cohort {

class GroupSource {
 public:
  // Rows of `bad_rows` are passed over.
  GroupSource(const GrpoConfig& config, PromptStream prompts, const std::vector<int64_t>& bad_rows,
              DrawScope scope);

  struct Drawn {
    std::vector<Group> groups;   // at most train_batch_size, the carried ones first
    int64_t num_carried = 0;     // of groups
    std::vector<Group> sampled;  // with filter_groups: everything sampled in this step
    int64_t waves = 0, refused = 0, dropped = 0;
    int64_t undecided = 0;  // groups that no reward could judge; they are not learnt from
    int64_t fruitless = 0;  // waves since the last accepted group
    bool left = false;      // between waves; the source is as it was before, and groups is empty
  };
  // Another wave follows unless leave(what is drawn so far), which all ranks answer alike.
  // verdicts(wave) names the wave's file of timed verdicts (GroupSampler::sample).
  Drawn next(GroupSampler& sampler, const std::function<bool(const Drawn&)>& leave,
             const std::function<std::string(int64_t)>& verdicts);

  int64_t next_ordinal = 0;
  std::vector<Group> carried;

 private:
  std::vector<Prompt> next_prompts(int64_t count);
  // A wave of `count` prompts without the groups that are undecided.
  std::vector<Group> sample(GroupSampler& sampler, int64_t count, const std::string& verdicts,
                            Drawn& drawn);
  bool is_accepted(const Group& group, const Grader& grader) const;

  const GrpoConfig& config_;
  PromptStream prompts_;
  std::unordered_set<int64_t> bad_rows_;
  DrawScope scope_;
};

}  // namespace cohort
