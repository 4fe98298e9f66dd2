#include "rollout/engine/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "core/base/error.h"
#include "core/base/rng.h"

namespace cohort {
namespace {

SamplingConfig config_of(double temperature, int64_t top_k = 0, double top_p = 1,
                         double min_p = 0) {
  SamplingConfig config;
  config.temperature = temperature;
  config.top_k = top_k;
  config.top_p = top_p;
  config.min_p = min_p;
  return config;
}

std::vector<float> random_logits(int64_t n, uint64_t seed, double scale) {
  DrawStream draws({.seed = seed, .kind = DrawKind::data});
  std::vector<float> logits(static_cast<size_t>(n));
  for (float& z : logits) z = static_cast<float>(scale * draws.next_normal());
  return logits;
}

// float64 by the definitions: p of the kept tokens (0 for the others), renormalised.
std::vector<double> reference(const std::vector<float>& logits, const SamplingConfig& c) {
  const size_t n = logits.size();
  const double max = *std::ranges::max_element(logits);
  std::vector<double> p(n);
  for (size_t v = 0; v < n; ++v)
    p[v] = std::exp((static_cast<double>(logits[v]) - max) / c.temperature);
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return p[a] > p[b]; });
  if (c.top_k > 0 && static_cast<size_t>(c.top_k) < n) order.resize(static_cast<size_t>(c.top_k));
  double total = 0, before = 0;
  for (const size_t v : order) total += p[v];
  std::vector<double> kept(n, 0.0);
  double mass = 0;
  for (const size_t v : order) {
    const bool in_top_p = before < c.top_p * total || v == order[0];
    if (in_top_p && p[v] >= c.min_p * p[order[0]]) mass += kept[v] = p[v];
    before += p[v];
  }
  for (double& x : kept) x /= mass;
  return kept;
}

double chi_square(const std::vector<double>& p, const std::vector<int64_t>& count, int64_t draws,
                  int* cells) {
  double sum = 0;
  *cells = 0;
  double rest_p = 0, rest_count = 0;  // cells of few expected draws, together
  for (size_t v = 0; v < p.size(); ++v) {
    const double expected = p[v] * static_cast<double>(draws);
    if (expected < 10) {
      rest_p += p[v];
      rest_count += static_cast<double>(count[v]);
      continue;
    }
    const double d = static_cast<double>(count[v]) - expected;
    sum += d * d / expected;
    ++*cells;
  }
  const double expected = rest_p * static_cast<double>(draws);
  if (expected >= 10) {
    sum += (rest_count - expected) * (rest_count - expected) / expected;
    ++*cells;
  }
  return sum;
}

struct Case {
  const char* name;
  SamplingConfig config;
};

class SamplerAgainstFloat64 : public ::testing::TestWithParam<Case> {};

TEST_P(SamplerAgainstFloat64, KeepsTheTokensAndTheirProbabilities) {
  const SamplingConfig& config = GetParam().config;
  for (const auto& [vocab, scale] :
       {std::pair{56, 2.0}, {1, 1.0}, {64, 1.0}, {1000, 3.0}, {129, 8.0}}) {
    const std::vector<float> logits =
        random_logits(vocab, 11 + static_cast<uint64_t>(vocab), scale);
    const std::vector<double> p = reference(logits, config);
    const std::vector<double> whole = reference(logits, config_of(config.temperature));
    Sampler sampler(config, vocab);
    const auto softmax = sampler.softmax(logits.data());
    // The walk in vocabulary order, with u on a fine grid.
    const int grid = 5000;
    double before = 0;
    size_t v = 0;
    for (int i = 0; i < grid; ++i) {
      const double u = (i + 0.5) / grid;
      while (v + 1 < p.size() && before + p[v] <= u) before += p[v++];
      const Draw draw = sampler.draw(logits.data(), softmax, u);
      const auto token = static_cast<size_t>(draw.token);
      ASSERT_GT(p[token], 0.0) << GetParam().name << ": token " << token << " was cut";
      if (std::min(u - before, before + p[v] - u) > 1e-5) {
        ASSERT_EQ(token, v) << GetParam().name << " u = " << u;
      }
      ASSERT_NEAR(draw.logprob, std::log(whole[token]), 2e-5);
      ASSERT_NEAR(draw.logprob_sampled, std::log(p[token]), 2e-5);
    }
  }
}

TEST_P(SamplerAgainstFloat64, DrawsPassAChiSquareTest) {
  const SamplingConfig& config = GetParam().config;
  const std::vector<float> logits = random_logits(56, 3, 1.0);
  const std::vector<double> p = reference(logits, config);
  Sampler sampler(config, 56);
  const auto softmax = sampler.softmax(logits.data());
  std::vector<int64_t> count(56);
  const int64_t draws = 40000;
  for (int64_t i = 0; i < draws; ++i)
    ++count[static_cast<size_t>(
        sampler
            .draw(logits.data(), softmax,
                  draw_uniform({.seed = 5, .ordinal = static_cast<uint64_t>(i)}))
            .token)];
  int cells = 0;
  const double x = chi_square(p, count, draws, &cells);
  // Mean cells - 1, variance twice that: five standard deviations.
  EXPECT_LT(x, cells - 1 + 5 * std::sqrt(2.0 * (cells - 1)) + 1e-9) << GetParam().name;
}

INSTANTIATE_TEST_SUITE_P(Cuts, SamplerAgainstFloat64,
                         ::testing::Values(Case{"all", config_of(1.0)},
                                           Case{"cool", config_of(0.7)},
                                           Case{"hot", config_of(1.7)},
                                           Case{"top_k_5", config_of(1.0, 5)},
                                           Case{"top_k_1", config_of(1.0, 1)},
                                           Case{"top_k_huge", config_of(1.0, 100000)},
                                           Case{"top_p_0.9", config_of(1.0, 0, 0.9)},
                                           Case{"top_p_tiny", config_of(1.0, 0, 1e-9)},
                                           Case{"min_p_0.1", config_of(1.0, 0, 1, 0.1)},
                                           Case{"min_p_1", config_of(1.0, 0, 1, 1.0)},
                                           Case{"together", config_of(0.8, 20, 0.9, 0.05)}),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

TEST(Sampler, UncutDrawsHaveOneLogProbAndTrainingsBits) {
  const std::vector<float> logits = random_logits(300, 4, 2.0);
  Sampler sampler(config_of(0.9), 300);
  const auto softmax = sampler.softmax(logits.data());
  for (int i = 0; i < 200; ++i) {
    const Draw draw = sampler.draw(logits.data(), softmax, i / 200.0);
    EXPECT_EQ(draw.logprob, kernels::row_logprob(logits.data(), draw.token, softmax));
    EXPECT_EQ(draw.logprob_sampled, draw.logprob);
  }
}

TEST(Sampler, EveryUGivesAPossibleToken) {
  // Mass on one token, and the last token impossible: rounding must not reach it.
  std::vector<float> logits(200, -1000.0f);
  logits[70] = 3.0f;
  logits[130] = 3.0f;
  Sampler sampler(config_of(1.0), 200);
  const auto softmax = sampler.softmax(logits.data());
  EXPECT_EQ(sampler.draw(logits.data(), softmax, 0.0).token, 70);
  EXPECT_EQ(sampler.draw(logits.data(), softmax, 0.499).token, 70);
  EXPECT_EQ(sampler.draw(logits.data(), softmax, 0.501).token, 130);
  EXPECT_EQ(sampler.draw(logits.data(), softmax, std::nextafter(1.0, 0.0)).token, 130);
}

TEST(Sampler, TokensBeyondTheTokenizersAreNeverDrawn) {
  std::vector<float> logits = random_logits(80, 9, 1.0);
  for (size_t v = 56; v < 80; ++v) logits[v] = 100.0f;
  for (const SamplingConfig& config :
       {config_of(1.0), config_of(0.0), config_of(1.0, 3), config_of(1.0, 0, 0.5)}) {
    Sampler sampler(config, 56);
    const auto softmax = sampler.softmax(logits.data());
    for (int i = 0; i < 100; ++i)
      EXPECT_LT(sampler.draw(logits.data(), softmax, i / 100.0).token, 56);
  }
}

TEST(Sampler, GreedyTakesTheFirstOfTheLargestAtTemperatureOne) {
  const std::vector<float> logits = {0.5f, 2.0f, 2.0f, -1.0f};
  Sampler sampler(config_of(0.0), 4);
  const auto softmax = sampler.softmax(logits.data());
  const Draw draw = sampler.draw(logits.data(), softmax, 0.999);
  EXPECT_EQ(draw.token, 1);
  EXPECT_EQ(softmax.inv_temperature, 1.0f);
  EXPECT_EQ(draw.logprob, kernels::row_logprob(logits.data(), 1, softmax));
  EXPECT_EQ(draw.logprob_sampled, 0.0f);
}

TEST(Sampler, EqualProbabilitiesAreKeptByLowerId) {
  const std::vector<float> logits(4, 1.0f);
  for (const SamplingConfig& config : {config_of(1.0, 2), config_of(1.0, 0, 0.4)}) {
    Sampler sampler(config, 4);
    const auto softmax = sampler.softmax(logits.data());
    std::set<int32_t> drawn;
    for (int i = 0; i < 100; ++i)
      drawn.insert(sampler.draw(logits.data(), softmax, i / 100.0).token);
    EXPECT_EQ(drawn, (std::set<int32_t>{0, 1}));
  }
}

TEST(Sampler, LogitsWithoutADistributionAreAnError) {
  std::vector<float> logits = {0.0f, std::numeric_limits<float>::quiet_NaN()};
  const Sampler sampler(config_of(1.0), 2);
  EXPECT_THROW(sampler.softmax(logits.data()), InputError);
  logits[1] = std::numeric_limits<float>::infinity();
  EXPECT_THROW(sampler.softmax(logits.data()), InputError);
}

}  // namespace
}  // namespace cohort
