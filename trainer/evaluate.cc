#include "trainer/evaluate.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cohort {

Metrics group_metrics(const std::vector<Group>& groups, const Grader& grader) {
  const std::vector<std::string>& names = grader.rubric().names();
  Metrics metrics;
  std::vector<double> component_sums(names.size(), 0.0);
  double total = 0, right = 0, tokens = 0, truncated = 0, count = 0, by_clock = 0;
  double shortest = std::numeric_limits<double>::infinity(), longest = 0;
  for (const Group& group : groups) {
    for (size_t i = 0; i < group.completions.size(); ++i) {
      const Completion& completion = group.completions[i];
      const Score& score = group.scores[i];
      const auto length = static_cast<double>(completion.tokens.size());
      count += 1;
      total += score.total;
      right += grader.is_right(score) ? 1 : 0;
      tokens += length;
      truncated += completion.finish == Finish::length ? 1 : 0;
      shortest = std::min(shortest, length);
      longest = std::max(longest, length);
      for (size_t c = 0; c < names.size(); ++c) {
        component_sums[c] += score.components[c].value;
        const char* const reason = reason_name(static_cast<Reason>(score.components[c].reason));
        metrics["reward/" + names[c] + "/reason/" + reason] += 1;
        by_clock += decided_by_clock(static_cast<Reason>(score.components[c].reason)) ? 1 : 0;
      }
    }
  }
  if (count == 0) return metrics;
  metrics["clock_verdicts"] = by_clock;
  for (size_t c = 0; c < names.size(); ++c)
    metrics["reward/" + names[c] + "/mean"] = component_sums[c] / count;
  metrics["reward/mean"] = total / count;
  metrics["accuracy"] = right / count;
  metrics["response_length/mean"] = tokens / count;
  metrics["response_length/min"] = shortest;
  metrics["response_length/max"] = longest;
  metrics["response_length/truncated"] = truncated / count;
  return metrics;
}

double num_tokens(const std::vector<Group>& groups) {
  double tokens = 0;
  for (const Group& group : groups)
    for (const Completion& completion : group.completions)
      tokens += static_cast<double>(completion.tokens.size());
  return tokens;
}

// With p_i the share of right samples of prompt i and p their mean over n prompts, the variance of
// p is
//   s^2 = sum (p_i - p)^2 / (n (n - 1)),
// that of n_eff = p (1 - p) / s^2 independent samples. Wilson's interval at n_eff, z = 1.96:
//   (p + z^2 / 2 n_eff +- z sqrt(p (1 - p) / n_eff + z^2 / 4 n_eff^2)) / (1 + z^2 / n_eff)
PassRate pass_at_1(const std::vector<Group>& groups, const Grader& grader) {
  constexpr double z = 1.959963984540054;
  PassRate rate;
  rate.num_prompts = static_cast<int64_t>(groups.size());
  std::vector<double> shares;
  for (const Group& group : groups) {
    double right = 0;
    for (const Score& score : group.scores) right += grader.is_right(score) ? 1 : 0;
    shares.push_back(right / static_cast<double>(group.scores.size()));
    rate.num_samples += static_cast<int64_t>(group.scores.size());
  }
  const auto n = static_cast<double>(shares.size());
  if (n == 0) return rate;
  for (const double share : shares) rate.mean += share;
  rate.mean /= n;
  double variance = 0;
  for (const double share : shares) variance += (share - rate.mean) * (share - rate.mean);
  variance /= n * std::max(1.0, n - 1);
  const double p = rate.mean, spread = p * (1 - p);
  const double n_eff = variance > 0 && spread > 0 ? spread / variance : n;
  const double middle = p + z * z / (2 * n_eff);
  const double half = z * std::sqrt(spread / n_eff + z * z / (4 * n_eff * n_eff));
  rate.low = std::max(0.0, (middle - half) / (1 + z * z / n_eff));
  rate.high = std::min(1.0, (middle + half) / (1 + z * z / n_eff));
  return rate;
}

std::vector<Prompt> all_prompts(const Dataset& data) {
  std::vector<Prompt> prompts;
  for (int64_t i = 0; i < data.size(); ++i) {
    const Row& row = data.row(i);
    prompts.push_back({.ordinal = i,
                       .row = i,
                       .source = row.source,
                       .text = row.prompt,
                       .answer = row.answer,
                       .tokens = row.prompt_tokens});
  }
  return prompts;
}

}  // namespace cohort
