#include <algorithm>

#include "core/base/error.h"
#include "rewards/reward.h"

namespace cohort {

Rubric::Rubric(const std::vector<RewardConfig>& configs) {
  for (const RewardConfig& config : configs) {
    const std::string& name = config.name.empty() ? config.kind : config.name;
    if (std::ranges::find(names_, name) != names_.end())
      throw_error<ConfigError>("two rewards have the name \"{}\"; give each a name of its own",
                               name);
    // The name is a group of the rollout file.
    if (name.find('/') != std::string::npos)
      throw_error<ConfigError>("reward name \"{}\" must not contain '/'", name);
    if (config.kind == "math" && accuracy_ < 0) accuracy_ = static_cast<int>(names_.size());
    rewards_.push_back(make_reward(config));
    names_.push_back(name);
    weights_.push_back(config.weight);
  }
}

Rubric::~Rubric() = default;

Rubric::Scored Rubric::score(const RewardInput& input) const {
  Scored scored;
  scored.components.reserve(rewards_.size());
  for (size_t i = 0; i < rewards_.size(); ++i) {
    scored.components.push_back(rewards_[i]->score(input));
    scored.total += weights_[i] * scored.components.back().value;
  }
  return scored;
}

const std::vector<std::string>& Rubric::names() const { return names_; }
int Rubric::accuracy_component() const { return accuracy_; }

}  // namespace cohort
