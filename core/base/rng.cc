#include "core/base/rng.h"

#include <cmath>
#include <numbers>
#include <numeric>

#include "core/base/error.h"

namespace cohort {

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  constexpr uint64_t kM0 = 0xD2511F53, kM1 = 0xCD9E8D57;
  constexpr uint32_t kW0 = 0x9E3779B9, kW1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = kM0 * c[0], p1 = kM1 * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(p0)};
    k[0] += kW0;
    k[1] += kW1;
  }
  return c;
}

std::array<uint32_t, 4> draw_bits(const DrawKey& key) {
  COHORT_CHECK(key.stage < (1u << 16), "stage {}", key.stage);
  COHORT_CHECK(key.position < (1u << 24), "position {}", key.position);
  COHORT_CHECK(key.ordinal < (uint64_t{1} << 52), "ordinal {}", key.ordinal);
  const auto kind = static_cast<uint32_t>(key.kind);
  // counter: [ordinal low 32][ordinal high 20 | stage low 12][stage high 4 | kind 4 | position
  // 24][sample]
  const std::array<uint32_t, 4> counter = {
      static_cast<uint32_t>(key.ordinal),
      static_cast<uint32_t>(key.ordinal >> 32) | ((key.stage & 0xFFFu) << 20),
      ((key.stage >> 12) << 28) | (kind << 24) | key.position, key.sample};
  return philox4x32(counter,
                    {static_cast<uint32_t>(key.seed), static_cast<uint32_t>(key.seed >> 32)});
}

namespace {
double to_uniform(uint32_t high, uint32_t low) {
  const uint64_t bits = (uint64_t{high} << 32 | low) >> 11;
  return static_cast<double>(bits) * 0x1.0p-53;
}
}  // namespace

double draw_uniform(const DrawKey& key) {
  const auto bits = draw_bits(key);
  return to_uniform(bits[0], bits[1]);
}

namespace {
// A stream may be longer than 2^24 draws (initial weights): the count spills into `sample`.
std::array<uint32_t, 4> stream_bits(DrawKey key, uint64_t count) {
  key.position = static_cast<uint32_t>(count & 0xFFFFFF);
  key.sample += static_cast<uint32_t>(count >> 24);
  return draw_bits(key);
}
}  // namespace

uint64_t DrawStream::next_u64() {
  const auto bits = stream_bits(key_, count_++);
  return uint64_t{bits[0]} << 32 | bits[1];
}

double DrawStream::next_uniform() {
  const auto bits = stream_bits(key_, count_++);
  return to_uniform(bits[0], bits[1]);
}

double DrawStream::next_normal() {
  const auto bits = stream_bits(key_, count_++);
  const double u = 1.0 - to_uniform(bits[0], bits[1]);  // (0, 1]
  const double v = to_uniform(bits[2], bits[3]);
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

uint64_t DrawStream::next_below(uint64_t bound) {
  COHORT_CHECK(bound > 0, "an empty range has no draw");
  const uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  uint64_t draw = next_u64();
  while (draw >= limit) draw = next_u64();
  return draw % bound;
}

std::vector<int64_t> shuffled_order(int64_t n, uint64_t seed, uint32_t stage, uint64_t epoch) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  DrawStream draws({.seed = seed, .stage = stage, .kind = DrawKind::shuffle, .ordinal = epoch});
  for (int64_t i = n - 1; i > 0; --i)
    std::swap(order[i], order[draws.next_below(static_cast<uint64_t>(i) + 1)]);
  return order;
}

}  // namespace cohort
