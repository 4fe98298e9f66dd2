#include "trainer/advantage.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "rewards/length/overlong.h"

namespace cohort {
namespace {

double mean_of(std::span<const double> x) {
  double sum = 0;
  for (double value : x) sum += value;
  return sum / static_cast<double>(x.size());
}

// Sample standard deviation (n - 1).
double std_of(std::span<const double> x, double mean) {
  double sum = 0;
  for (double value : x) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(x.size() - 1));
}

// Tested on the rewards themselves: their mean may differ from all of them in its last bit.
bool all_equal(std::span<const double> x) {
  return std::all_of(x.begin(), x.end(), [&](double value) { return value == x[0]; });
}

// A_i = (R_i - mean) / (std + eps), or R_i - mean.
std::vector<double> centred(std::span<const double> rewards, bool divide_by_std, double epsilon) {
  std::vector<double> advantages(rewards.size(), 0.0);
  if (all_equal(rewards)) return advantages;
  const double mean = mean_of(rewards);
  const double scale = divide_by_std ? std_of(rewards, mean) + epsilon : 1.0;
  for (size_t i = 0; i < rewards.size(); ++i) advantages[i] = (rewards[i] - mean) / scale;
  return advantages;
}

// A_i = R_i - mean of the other rewards of the group.
std::vector<double> leave_one_out(std::span<const double> rewards) {
  std::vector<double> advantages(rewards.size(), 0.0);
  if (all_equal(rewards)) return advantages;
  double sum = 0;
  for (double reward : rewards) sum += reward;
  const auto others = static_cast<double>(rewards.size() - 1);
  for (size_t i = 0; i < rewards.size(); ++i) {
    advantages[i] = rewards[i] - (sum - rewards[i]) / others;
  }
  return advantages;
}

}  // namespace

void AdvantageConfig::describe(Fields& f) {
  f.field("adv_estimator", adv_estimator,
          "grpo: against the group's mean. rloo: against the mean of the others of the group. "
          "reinforce++: whitened over "
          "the whole batch.",
          {"grpo", "rloo", "reinforce++"});
  f.field("norm_adv_by_std_in_grpo", norm_adv_by_std_in_grpo,
          "Divide by the group's standard deviation (n - 1). false is Dr. GRPO.");
  if (!norm_adv_by_std_in_grpo && adv_estimator != "grpo")
    f.fail("norm_adv_by_std_in_grpo", "is for adv_estimator grpo; here it is " + adv_estimator);
}

std::vector<std::vector<double>> compute_advantages(
    const AdvantageConfig& config, const std::vector<std::vector<double>>& rewards) {
  for (size_t g = 0; g < rewards.size(); ++g) {
    for (double reward : rewards[g]) {
      COHORT_CHECK(std::isfinite(reward), "a reward of group {} is {}", g, reward);
    }
  }
  std::vector<std::vector<double>> advantages;
  advantages.reserve(rewards.size());
  if (config.adv_estimator == "grpo") {
    for (const auto& group : rewards) {
      advantages.push_back(centred(group, config.norm_adv_by_std_in_grpo, config.epsilon));
    }
  } else if (config.adv_estimator == "rloo") {
    for (const auto& group : rewards) advantages.push_back(leave_one_out(group));
  } else {
    COHORT_CHECK(config.adv_estimator == "reinforce++", "unknown adv_estimator {}",
                 config.adv_estimator);
    std::vector<double> batch;
    for (const auto& group : rewards) batch.insert(batch.end(), group.begin(), group.end());
    const std::vector<double> whitened = centred(batch, true, config.epsilon);
    auto next = whitened.begin();
    for (const auto& group : rewards) {
      advantages.emplace_back(next, next + static_cast<std::ptrdiff_t>(group.size()));
      next += static_cast<std::ptrdiff_t>(group.size());
    }
  }
  return advantages;
}

double overlong_punishment(int64_t length, int64_t max_length, int64_t buffer, double factor) {
  COHORT_CHECK(buffer > 0 && buffer <= max_length, "buffer {} of max_length {}", buffer,
               max_length);
  return soft_overlong(length, max_length, buffer) * factor;
}

double kl_in_reward(std::span<const float> logprob, std::span<const float> reference_logprob,
                    std::span<const uint8_t> mask) {
  COHORT_CHECK(logprob.size() == reference_logprob.size() && logprob.size() == mask.size(),
               "{} log-probs, {} of the reference, {} mask entries", logprob.size(),
               reference_logprob.size(), mask.size());
  double sum = 0;
  for (size_t t = 0; t < logprob.size(); ++t) {
    if (mask[t]) sum += static_cast<double>(logprob[t]) - static_cast<double>(reference_logprob[t]);
  }
  return sum;
}

}  // namespace cohort
