#include "rollout/engine/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace cohort {

namespace {

constexpr float kLeast = -87.0f;

// exp(x) for kLeast <= x <= 1, within 2 units in the last place. Plain multiplications and
// additions, so the compiler makes vectors of it and every element has the same bits.
//   x = n log 2 + r, |r| <= log(2) / 2;  exp(x) = 2^n exp(r), exp(r) by its Taylor polynomial
inline float exp_element(float x) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  const float shifted = x * 1.44269504f + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const uint32_t exponent =
      (std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(kRound) + 127u) << 23;
  return p * std::bit_cast<float>(exponent);
}

// Probabilities of the first `count` tokens of a block; 0 for the rest and where log p < kLeast.
// Short loops, since a branch in the exponential would keep it scalar.
void block_probabilities(const float* row, int64_t count, const kernels::RowSoftmax& s, float* p) {
  const float inv_temperature = s.inv_temperature, lse = s.lse;
  float log_p[kDrawBlock];
  std::fill(log_p + count, log_p + kDrawBlock, 2 * kLeast);
  for (int64_t i = 0; i < count; ++i) log_p[i] = row[i] * inv_temperature - lse;
#pragma omp simd
  for (int64_t i = 0; i < kDrawBlock; ++i) p[i] = log_p[i] < kLeast ? kLeast : log_p[i];
#pragma omp simd
  for (int64_t i = 0; i < kDrawBlock; ++i) p[i] = exp_element(p[i]);
#pragma omp simd
  for (int64_t i = 0; i < kDrawBlock; ++i) p[i] = log_p[i] < kLeast ? 0.0f : p[i];
}

// Eight partial sums, added in order.
double block_sum(const float* p) {
  double lanes[8] = {};
  for (int64_t i = 0; i < kDrawBlock; i += 8)
#pragma omp simd
    for (int64_t j = 0; j < 8; ++j) lanes[j] += static_cast<double>(p[i + j]);
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

// The token of a block at which the running sum, `before` at its start, passes u.
int64_t place_in_block(const float* p, double before, double u) {
  int64_t last = 0;
  double sum = before;
  for (int64_t i = 0; i < kDrawBlock; ++i) {
    if (p[i] > 0) last = i;
    sum += static_cast<double>(p[i]);
    if (sum > u) break;
  }
  return last;  // also where this sum and the block's, in another order, differ by a rounding
}

constexpr auto kMoreProbable = [](const auto& a, const auto& b) {
  return a.logprob != b.logprob ? a.logprob > b.logprob : a.token < b.token;
};

}  // namespace

Sampler::Sampler(const SamplingConfig& config, int64_t num_valid)
    : temperature_(config.temperature),
      top_p_(config.top_p),
      min_p_(config.min_p),
      top_k_(config.top_k),
      num_valid_(num_valid) {}

kernels::RowSoftmax Sampler::softmax(const float* row) const {
  return checked(kernels::row_softmax(row, num_valid_, temperature_ == 0 ? 1.0 : temperature_));
}

kernels::RowSoftmax Sampler::checked(const kernels::RowSoftmax& s) {
  if (!std::isfinite(s.lse))
    throw_error<InputError>("the model's logits are not finite: log-sum-exp is {}", s.lse);
  return s;
}

Draw Sampler::draw(const float* row, const kernels::RowSoftmax& s, double u) {
  if (temperature_ == 0) {
    const auto token = static_cast<int32_t>(std::max_element(row, row + num_valid_) - row);
    return {token, kernels::row_logprob(row, token, s), 0.0f};
  }
  if (top_p_ < 1 || min_p_ > 0 || cuts_top_k()) return draw_from_kept(row, s, u);
  const int32_t token = draw_from_all(row, s, u);
  const float logprob = kernels::row_logprob(row, token, s);
  return {token, logprob, logprob};
}

int32_t Sampler::draw_from_all(const float* row, const kernels::RowSoftmax& s, double u) const {
  float p[kDrawBlock];
  double before = 0;
  for (int64_t begin = 0; begin < num_valid_; begin += kDrawBlock) {
    block_probabilities(row + begin, std::min(kDrawBlock, num_valid_ - begin), s, p);
    const double after = before + block_sum(p);
    if (after > u) return static_cast<int32_t>(begin + place_in_block(p, before, u));
    before = after;
  }
  // u is not below the sum of all, by a rounding.
  int64_t last = num_valid_ - 1;
  while (last > 0 && kernels::row_logprob(row, last, s) < kLeast) --last;
  return static_cast<int32_t>(last);
}

Draw Sampler::draw_from_kept(const float* row, const kernels::RowSoftmax& s, double u) {
  if (cuts_top_k()) {
    collect_top_k(row, s);
  } else {
    collect_likely(row, s);
  }
  if (top_p_ < 1) keep_top_p();
  if (min_p_ > 0) keep_min_p();

  std::ranges::sort(kept_, {}, &Candidate::token);
  double mass = 0;
  for (const Candidate& c : kept_) mass += std::exp(static_cast<double>(c.logprob));
  const bool all = static_cast<int64_t>(kept_.size()) == num_valid_;
  const double log_mass = all ? 0.0 : std::log(mass);
  const Candidate* chosen = nullptr;
  double sum = 0;
  for (const Candidate& c : kept_) {
    const double p = std::exp(static_cast<double>(c.logprob));
    if (p > 0 || chosen == nullptr) chosen = &c;
    sum += p;
    if (sum > u * mass) break;
  }
  return {chosen->token, chosen->logprob,
          static_cast<float>(static_cast<double>(chosen->logprob) - log_mass)};
}

// A heap of the k best so far, the worst of them in front: most of a vocabulary is one comparison.
void Sampler::collect_top_k(const float* row, const kernels::RowSoftmax& s) {
  kept_.clear();
  for (int64_t v = 0; v < num_valid_; ++v) {
    const Candidate c = {static_cast<int32_t>(v), kernels::row_logprob(row, v, s)};
    if (static_cast<int64_t>(kept_.size()) == top_k_) {
      if (c.logprob <= kept_.front().logprob) continue;
      std::ranges::pop_heap(kept_, kMoreProbable);
      kept_.pop_back();
    }
    kept_.push_back(c);
    std::ranges::push_heap(kept_, kMoreProbable);
  }
}

// Every token that top_p or min_p may keep. Tokens below (1 - top_p) / V have less than 1 - top_p
// together, so those above hold the set of top_p; half of it leaves room for rounding.
void Sampler::collect_likely(const float* row, const kernels::RowSoftmax& s) {
  double least = -std::numeric_limits<double>::infinity();
  if (top_p_ < 1) least = std::log((1 - top_p_) / static_cast<double>(2 * num_valid_));
  if (min_p_ > 0)
    least = std::max(least, static_cast<double>(s.max - s.lse) + std::log(min_p_ / 2));
  const auto floor = static_cast<float>(least);
  kept_.clear();
  for (int64_t v = 0; v < num_valid_; ++v) {
    const float logprob = kernels::row_logprob(row, v, s);
    if (logprob >= floor) kept_.push_back({static_cast<int32_t>(v), logprob});
  }
}

void Sampler::keep_top_p() {
  double total = 1;
  if (cuts_top_k()) {
    total = 0;
    for (const Candidate& c : kept_) total += std::exp(static_cast<double>(c.logprob));
  }
  // A heap gives the most probable first without sorting all.
  const auto less_probable = [](const Candidate& a, const Candidate& b) {
    return kMoreProbable(b, a);
  };
  std::ranges::make_heap(kept_, less_probable);
  size_t left = kept_.size();
  for (double mass = 0; left > 0 && (left == kept_.size() || mass < top_p_ * total); --left) {
    std::pop_heap(kept_.begin(), kept_.begin() + static_cast<int64_t>(left), less_probable);
    mass += std::exp(static_cast<double>(kept_[left - 1].logprob));
  }
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<int64_t>(left));
}

void Sampler::keep_min_p() {
  const float largest = std::ranges::max_element(kept_, {}, &Candidate::logprob)->logprob;
  const double threshold = static_cast<double>(largest) + std::log(min_p_);
  std::erase_if(kept_,
                [&](const Candidate& c) { return static_cast<double>(c.logprob) < threshold; });
}

}  // namespace cohort
