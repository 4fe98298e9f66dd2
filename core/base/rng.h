// Counter-based random numbers: a draw is a pure function of its key, so it does not depend on
// ranks, batch order or restarts. Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy
// as 1, 2, 3" (SC 2011), section 4 and table 2.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace cohort {

// The 128 bits that `counter` is mapped to under `key`. Known answers in tests/core/rng_test.cc.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// What a random number is for; part of the key, so that no two uses share a draw.
enum class DrawKind : uint32_t { sample = 0, shuffle = 1, weights = 2, data = 3 };

// The key of a draw of the rollout: (seed, stage, ordinal of the prompt in the stage's stream,
// sample, position in the completion). Packed injectively into Philox's 192 bits: seed 64, stage 16
// + kind 4
// + position 24, ordinal 52, sample 32. Throws CheckError when a part is out of its range.
struct DrawKey {
  uint64_t seed = 0;
  uint32_t stage = 0;
  DrawKind kind = DrawKind::sample;
  uint64_t ordinal = 0;
  uint32_t sample = 0;
  uint32_t position = 0;
};

std::array<uint32_t, 4> draw_bits(const DrawKey& key);

// Uniform in [0, 1) with 53 bits.
double draw_uniform(const DrawKey& key);

// A stream of draws under one key, for shuffles, data and initial weights. `position` of the key is
// ignored: it counts up, and after each 2^24 draws `sample` does. So streams of one ordinal that
// differ by `sample` alone share draws when one is longer than that; give them ordinals of their
// own.
class DrawStream {
 public:
  explicit DrawStream(DrawKey key) : key_(key) {}
  uint64_t next_u64();
  double next_uniform();  // [0, 1)
  double next_normal();   // mean 0, variance 1 (Box-Muller, one draw of 128 bits each)
  uint64_t next_below(uint64_t bound);  // unbiased in [0, bound)

 private:
  DrawKey key_;
  uint64_t count_ = 0;
};

// Fisher-Yates order of 0..n-1 under (seed, stage, epoch).
std::vector<int64_t> shuffled_order(int64_t n, uint64_t seed, uint32_t stage, uint64_t epoch);

}  // namespace cohort
