#include "trainer/sampler.h"

#include <algorithm>

#include "core/base/error.h"
#include "trainer/end_ids.h"
#include "trainer/group_codec.h"
#include "trainer/verdict_record.h"

namespace cohort {
namespace {

std::vector<int64_t> with_ends(std::vector<int64_t> ids, const LoadedModel& model) {
  for (const int64_t end : end_ids(*model.tokenizer, model.store->config()))
    if (std::find(ids.begin(), ids.end(), end) == ids.end()) ids.push_back(end);
  return ids;
}

}  // namespace

GroupSampler::GroupSampler(const LoadedModel& model, Communicator& comm,
                           const SamplerConfig& config)
    : comm_(comm),
      stop_ids_(with_ends(config.stop_token_ids, model)),
      grader_(config.rewards, model.tokenizer, stop_ids_),
      pool_(grader_, config.reward_workers),
      engine_(*model.decoder, *model.tokenizer, config.engine) {
  engine_.record_experts = config.record_experts;
  engine_.on_step = [this] { comm_.heartbeat("rollout"); };
}

std::vector<Group> GroupSampler::sample(const std::vector<Prompt>& prompts,
                                        const SamplingConfig& sampling, const DrawScope& scope,
                                        const std::string& verdicts) {
  const auto rank = static_cast<size_t>(comm_.rank()), ranks = static_cast<size_t>(comm_.size());
  std::vector<Prompt> mine;
  for (size_t i = rank; i < prompts.size(); i += ranks) mine.push_back(prompts[i]);

  SamplingConfig with_stops = sampling;
  with_stops.stop_token_ids = stop_ids_;
  const bool recorded = grader_.rubric().timed() && !verdicts.empty();
  const VerdictRecord record(recorded ? verdicts : "");
  std::vector<Group> replayed;
  engine_.generate(std::move(mine), with_stops, scope, [&](Group&& group) {
    if (record.replay(group))
      replayed.push_back(std::move(group));
    else
      pool_.submit(std::move(group));
  });
  std::vector<Group> graded = pool_.take([this] { comm_.heartbeat("grading"); });
  std::ranges::move(replayed, std::back_inserter(graded));

  std::vector<Group> all;
  for (const auto& bytes : comm_.all_gather_v(encode_groups(graded), "rollout groups"))
    for (Group& group : decode_groups(bytes)) all.push_back(std::move(group));
  std::sort(all.begin(), all.end(),
            [](const Group& a, const Group& b) { return a.prompt.ordinal < b.prompt.ordinal; });
  COHORT_CHECK_EQ(all.size(), prompts.size());
  if (recorded && comm_.rank() == 0 && !record.holds_all_of(all))
    write_verdicts(verdicts, grader_.rubric().names(), all);
  return all;
}

}  // namespace cohort
