#include <algorithm>

#include "core/base/error.h"
#include "rewards/reward.h"

namespace cohort {

Rubric::Rubric(const std::vector<RewardConfig>& configs) {
  std::string needs_accuracy;
  for (const RewardConfig& config : configs) {
    const std::string& name = config.name.empty() ? config.kind : config.name;
    if (std::ranges::find(names_, name) != names_.end())
      throw_error<ConfigError>("two rewards have the name \"{}\"; give each a name of its own",
                               name);
    // The name is a group of the rollout file.
    if (name.find('/') != std::string::npos)
      throw_error<ConfigError>("reward name \"{}\" must not contain '/'", name);
    const auto settings = config.settings ? config.settings : default_settings(config.kind);
    if (settings->judges_answers() && accuracy_ < 0) accuracy_ = static_cast<int>(names_.size());
    rewards_.push_back(settings->make());
    names_.push_back(name);
    weights_.push_back(config.weight);
    incorrect_.push_back(config.incorrect);
    if (needs_accuracy.empty() && settings->needs_accuracy()) needs_accuracy = name;
  }
  if (accuracy_ < 0 && !needs_accuracy.empty())
    throw_error<ConfigError>("reward \"{}\" needs another one that judges answers, such as math",
                             needs_accuracy);
}

Rubric::~Rubric() = default;

std::vector<Rubric::Scored> Rubric::score_group(std::span<const RewardInput> completions) const {
  std::vector<std::vector<RewardResult>> results(rewards_.size(),
                                                 std::vector<RewardResult>(completions.size()));
  RewardGroup group{.completions = completions};
  if (accuracy_ >= 0) {
    auto& accuracy = results[static_cast<size_t>(accuracy_)];
    rewards_[static_cast<size_t>(accuracy_)]->score_group(group, accuracy);
    group.accuracy = accuracy;
  }
  for (size_t i = 0; i < rewards_.size(); ++i)
    if (static_cast<int>(i) != accuracy_) rewards_[i]->score_group(group, results[i]);

  for (size_t i = 0; i < rewards_.size(); ++i)
    for (RewardResult& result : results[i])
      if (result.verdict == Verdict::incorrect && result.value == 0) result.value = incorrect_[i];

  std::vector<Scored> scored(completions.size());
  for (size_t c = 0; c < completions.size(); ++c) {
    for (size_t i = 0; i < rewards_.size(); ++i) {
      scored[c].total += weights_[i] * results[i][c].value;
      scored[c].components.push_back(std::move(results[i][c]));
    }
  }
  return scored;
}

const std::vector<std::string>& Rubric::names() const { return names_; }
int Rubric::accuracy_component() const { return accuracy_; }
bool Rubric::timed() const {
  return std::ranges::any_of(rewards_, [](const auto& reward) { return reward->timed(); });
}

}  // namespace cohort
