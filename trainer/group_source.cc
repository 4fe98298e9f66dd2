#include "trainer/group_source.h"

#include <algorithm>

#include "core/base/log.h"

namespace cohort {

GroupSource::GroupSource(const GrpoConfig& config, PromptStream prompts,
                         const std::vector<int64_t>& bad_rows, DrawScope scope)
    : config_(config),
      prompts_(std::move(prompts)),
      bad_rows_(bad_rows.begin(), bad_rows.end()),
      scope_(scope) {}

std::vector<Prompt> GroupSource::next_prompts(int64_t count) {
  std::vector<Prompt> prompts;
  for (; static_cast<int64_t>(prompts.size()) < count; ++next_ordinal)
    if (!bad_rows_.contains(prompts_.row_of(next_ordinal)))
      prompts.push_back(prompts_.at(next_ordinal));
  return prompts;
}

std::vector<Group> GroupSource::sample(GroupSampler& sampler, int64_t count,
                                       const std::string& verdicts, Drawn& drawn) {
  std::vector<Group> groups =
      sampler.sample(next_prompts(count), config_.rollout.sampling, scope_, verdicts);
  const auto decided = [&](const Group& group) { return !sampler.grader().is_undecided(group); };
  const auto undecided = std::ranges::stable_partition(groups, decided);
  for (const Group& group : undecided)
    log_warning("{}: dropped from this step, its reward cannot be decided: {}", group.prompt.source,
                sampler.grader().undecided_reason(group));
  drawn.undecided += static_cast<int64_t>(undecided.size());
  groups.erase(undecided.begin(), undecided.end());
  return groups;
}

bool GroupSource::is_accepted(const Group& group, const Grader& grader) const {
  const bool by_accuracy = config_.algorithm.filter_groups.metric == "acc";
  const auto measure = [&](const Score& score) {
    return by_accuracy ? static_cast<double>(grader.is_right(score)) : score.total;
  };
  const double first = measure(group.scores.front());
  return std::any_of(group.scores.begin(), group.scores.end(),
                     [&](const Score& score) { return measure(score) != first; });
}

GroupSource::Drawn GroupSource::next(GroupSampler& sampler,
                                     const std::function<bool(const Drawn&)>& leave,
                                     const std::function<std::string(int64_t)>& verdicts) {
  const FilterGroups& filter = config_.algorithm.filter_groups;
  const int64_t batch = config_.data.train_batch_size;
  Drawn drawn;
  if (!filter.enable) {
    drawn.waves = 1;
    drawn.groups = sample(sampler, batch, verdicts(1), drawn);
    return drawn;
  }
  const int64_t wave = filter.gen_batch_size > 0 ? filter.gen_batch_size : batch;
  const int64_t first_ordinal = next_ordinal;
  drawn.groups = carried;
  drawn.num_carried = std::min(batch, static_cast<int64_t>(drawn.groups.size()));
  while (static_cast<int64_t>(drawn.groups.size()) < batch &&
         (filter.max_num_gen_batches == 0 || drawn.waves < filter.max_num_gen_batches)) {
    if (drawn.waves > 0 && leave(drawn)) {
      next_ordinal = first_ordinal;
      Drawn none;
      none.left = true;
      return none;
    }
    ++drawn.waves;
    ++drawn.fruitless;
    for (Group& group : sample(sampler, wave, verdicts(drawn.waves), drawn)) {
      drawn.sampled.push_back(group);
      if (is_accepted(group, sampler.grader())) {
        drawn.groups.push_back(std::move(group));
        drawn.fruitless = 0;
      } else {
        ++drawn.refused;
      }
    }
  }
  carried.clear();
  const auto kept = std::min(static_cast<size_t>(batch), drawn.groups.size());
  const auto surplus = drawn.groups.begin() + static_cast<std::ptrdiff_t>(kept);
  if (filter.surplus == "carry")
    carried.assign(std::make_move_iterator(surplus), std::make_move_iterator(drawn.groups.end()));
  else
    drawn.dropped = static_cast<int64_t>(drawn.groups.size() - kept);
  drawn.groups.resize(kept);
  return drawn;
}

}  // namespace cohort
