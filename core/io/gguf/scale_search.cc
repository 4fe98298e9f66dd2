#include "core/io/gguf/scale_search.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace cohort {
namespace {

// Sums go by four lanes, whatever the machine has, so that the result is the same on all.
constexpr int kLanes = 4;
using Lanes [[gnu::vector_size(4 * kLanes)]] = float;

constexpr int kAffineGroup = 32;
constexpr int kScaleGroup = 16;
constexpr float kLowest = -32.0f;
constexpr float kHighest = 31.0f;

Lanes load(const float* from) {
  Lanes out;
  std::memcpy(&out, from, sizeof(out));
  return out;
}

float sum(Lanes lanes) { return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]); }

// To the nearest integer within [lowest, highest]; NaN becomes lowest.
Lanes nearest(Lanes value, float lowest, float highest) {
  const Lanes low = Lanes{} + lowest;
  const Lanes high = Lanes{} + highest;
  value = value > low ? value : low;
  value = value < high ? value : high;
  constexpr float kNoFraction = 12582912.0f;  // 1.5 * 2^23: a sum with it has no fraction
  return (value + kNoFraction) - kNoFraction;
}

void store_codes(Lanes codes, uint8_t* to) {
  for (int l = 0; l < kLanes; ++l) to[l] = static_cast<uint8_t>(codes[l]);
}

float inverse(float scale) {
  const float out = 1.0f / scale;
  return scale != 0.0f && std::isfinite(out) ? out : 0.0f;
}

}  // namespace

void group_weights(const float* values, int count, float* weights) {
  float squares = 0.0f;
  for (int i = 0; i < count; ++i) squares += values[i] * values[i];
  const float rms = std::sqrt(squares / static_cast<float>(count));
  for (int i = 0; i < count; ++i) weights[i] = rms + std::fabs(values[i]);
}

AffineFit fit_affine(const float* values, const float* weights, float top) {
  const auto [least, most] = std::minmax_element(values, values + kAffineGroup);
  const float low = std::min(*least, 0.0f);  // min is not negative
  const float range = *most - low;
  const float inverse_range = inverse(range);
  if (inverse_range == 0.0f) return {0.0f, -low};

  Lanes lanes_w{}, lanes_wx{}, lanes_wxx{};
  for (int i = 0; i < kAffineGroup; i += kLanes) {
    const Lanes x = load(values + i);
    const Lanes wx = load(weights + i) * x;
    lanes_w += load(weights + i);
    lanes_wx += wx;
    lanes_wxx += wx * x;
  }
  const double w = sum(lanes_w), wx = sum(lanes_wx), wxx = sum(lanes_wxx);

  AffineFit best{range / top, -low};
  double least_error = INFINITY;
  // Takes the codes nearest to (x + min) * scale, and keeps their fit if it is the best yet.
  const auto try_codes = [&](float min, float scale) {
    Lanes lanes_wn{}, lanes_wnn{}, lanes_wnx{};
    for (int i = 0; i < kAffineGroup; i += kLanes) {
      const Lanes x = load(values + i);
      const Lanes n = nearest((x + min) * scale, 0.0f, top);
      const Lanes weighted = load(weights + i) * n;
      lanes_wn += weighted;
      lanes_wnn += weighted * n;
      lanes_wnx += weighted * x;
    }
    const double wn = sum(lanes_wn), wnn = sum(lanes_wnn), wnx = sum(lanes_wnx);
    // Least squares of a n + b; b must not be positive.
    const double determinant = w * wnn - wn * wn;
    if (!(determinant > 0.0)) return;
    double a = (w * wnx - wx * wn) / determinant;
    double b = (wnn * wx - wn * wnx) / determinant;
    if (b > 0.0) {
      a = wnx / wnn;
      b = 0.0;
    }
    if (!(a > 0.0)) return;
    const double error = wxx + a * (a * wnn + 2.0 * (b * wn - wnx)) + b * (b * w - 2.0 * wx);
    if (error < least_error) {
      least_error = error;
      best = {static_cast<float>(a), static_cast<float>(-b)};
    }
  };
  constexpr int kStarts = 21;
  for (int step = 0; step < kStarts; ++step)
    try_codes(-low, (top - 1.0f + 0.1f * static_cast<float>(step)) * inverse_range);
  constexpr int kRefits = 2;  // of the best fit's own codes
  for (int i = 0; i < kRefits; ++i) try_codes(best.min, inverse(best.scale));
  return best;
}

float affine_error(const float* values, const float* weights, AffineFit fit, float top,
                   uint8_t* codes) {
  const float scale = inverse(fit.scale);
  Lanes error{};
  for (int i = 0; i < kAffineGroup; i += kLanes) {
    const Lanes x = load(values + i);
    const Lanes n = nearest((x + fit.min) * scale, 0.0f, top);
    const Lanes off = (fit.scale * n - fit.min) - x;
    error += load(weights + i) * off * off;
    if (codes) store_codes(n, codes + i);
  }
  return sum(error);
}

float fit_scale(const float* values, const float* weights) {
  float furthest = 0.0f;
  for (int i = 0; i < kScaleGroup; ++i)
    if (std::fabs(values[i]) > std::fabs(furthest)) furthest = values[i];
  const float inverse_furthest = inverse(furthest);
  if (inverse_furthest == 0.0f) return 0.0f;

  float best = furthest / kLowest;
  double most_gain = 0.0;
  for (int step = -9; step <= 9; ++step) {
    const float scale = (kLowest + 0.1f * static_cast<float>(step)) * inverse_furthest;
    Lanes lanes_wnn{}, lanes_wnx{};
    for (int i = 0; i < kScaleGroup; i += kLanes) {
      const Lanes x = load(values + i);
      const Lanes n = nearest(x * scale, kLowest, kHighest);
      const Lanes weighted = load(weights + i) * n;
      lanes_wnn += weighted * n;
      lanes_wnx += weighted * x;
    }
    const double wnn = sum(lanes_wnn), wnx = sum(lanes_wnx);
    // The best scale wnx / wnn lessens the squared error by gain.
    const double gain = wnn > 0.0 ? wnx * wnx / wnn : 0.0;
    if (gain > most_gain) {
      most_gain = gain;
      best = static_cast<float>(wnx / wnn);
    }
  }
  return best;
}

float scale_error(const float* values, const float* weights, float scale, uint8_t* codes) {
  const float inverse_scale = inverse(scale);
  Lanes error{};
  for (int i = 0; i < kScaleGroup; i += kLanes) {
    const Lanes x = load(values + i);
    const Lanes n = nearest(x * inverse_scale, kLowest, kHighest);
    const Lanes off = scale * n - x;
    error += load(weights + i) * off * off;
    if (codes) store_codes(n - kLowest, codes + i);
  }
  return sum(error);
}

}  // namespace cohort
