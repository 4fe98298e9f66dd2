#include "kernels/optimizer/optimizer.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>

#include "core/base/error.h"
#include "core/base/threads.h"

// The loops are written once and compiled for three kinds of processor. Only +, -, *, / and sqrt
// appear, each rounded once (no contraction), so every variant gives the same bits.
#define COHORT_INLINE [[gnu::always_inline]] inline

namespace cohort::kernels {
namespace {

// Work is dealt in fixed blocks; a buffer shorter than this stays on one thread.
constexpr int64_t kBlock = 16384;

COHORT_INLINE void adamw_loop(float* w, float* m, float* v, const float* grad, int64_t size,
                              const AdamWCoefficients& c) {
  for (int64_t i = 0; i < size; ++i) {
    const float g = grad[i] * c.grad_scale;
    m[i] = c.beta1 * m[i] + c.one_minus_beta1 * g;
    v[i] = c.beta2 * v[i] + c.one_minus_beta2 * (g * g);
    const float update = m[i] * c.inv_correction1 / (std::sqrt(v[i] * c.inv_correction2) + c.eps);
    w[i] = w[i] - c.lr * (update + c.weight_decay * w[i]);
  }
}

// Sixteen partial sums, element i into partial i % 16, added up in order: one order for every
// variant.
COHORT_INLINE double sum_of_squares_loop(const float* x, int64_t size) {
  double partial[16] = {};
  int64_t i = 0;
  for (; i + 16 <= size; i += 16) {
    for (int j = 0; j < 16; ++j) {
      const double value = x[i + j];
      partial[j] += value * value;
    }
  }
  for (int j = 0; i + j < size; ++j) {
    const double value = x[i + j];
    partial[j] += value * value;
  }
  double sum = 0;
  for (double p : partial) sum += p;
  return sum;
}

COHORT_INLINE void round_to_bf16_loop(const float* in, uint16_t* out, int64_t size) {
  for (int64_t i = 0; i < size; ++i) {
    const uint32_t bits = std::bit_cast<uint32_t>(in[i]);
    const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    const uint32_t quiet_nan = (bits >> 16) | 0x40u;
    out[i] = static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? quiet_nan : rounded);
  }
}

COHORT_INLINE bool all_finite_loop(const float* x, int64_t size) {
  uint32_t bad = 0;
  for (int64_t i = 0; i < size; ++i) {
    bad |= (std::bit_cast<uint32_t>(x[i]) & 0x7f800000u) == 0x7f800000u ? 1u : 0u;
  }
  return bad == 0;
}

#define COHORT_VARIANTS(suffix, attribute)                                                     \
  attribute void adamw_##suffix(float* w, float* m, float* v, const float* grad, int64_t size, \
                                const AdamWCoefficients& c) {                                  \
    adamw_loop(w, m, v, grad, size, c);                                                        \
  }                                                                                            \
  attribute double sum_of_squares_##suffix(const float* x, int64_t size) {                     \
    return sum_of_squares_loop(x, size);                                                       \
  }                                                                                            \
  attribute void round_to_bf16_##suffix(const float* in, uint16_t* out, int64_t size) {        \
    round_to_bf16_loop(in, out, size);                                                         \
  }                                                                                            \
  attribute bool all_finite_##suffix(const float* x, int64_t size) {                           \
    return all_finite_loop(x, size);                                                           \
  }

COHORT_VARIANTS(avx512,
                [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")]])
COHORT_VARIANTS(avx2, [[gnu::target("avx2")]])
COHORT_VARIANTS(baseline, )

struct Loops {
  decltype(&adamw_baseline) adamw;
  decltype(&sum_of_squares_baseline) sum_of_squares;
  decltype(&round_to_bf16_baseline) round_to_bf16;
  decltype(&all_finite_baseline) all_finite;
};

const Loops& loops() {
  static const Loops chosen = [] {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      return Loops{adamw_avx512, sum_of_squares_avx512, round_to_bf16_avx512, all_finite_avx512};
    }
    if (__builtin_cpu_supports("avx2")) {
      return Loops{adamw_avx2, sum_of_squares_avx2, round_to_bf16_avx2, all_finite_avx2};
    }
    return Loops{adamw_baseline, sum_of_squares_baseline, round_to_bf16_baseline,
                 all_finite_baseline};
  }();
  return chosen;
}

// work(begin, size) over fixed blocks.
template <class Work>
void for_blocks(int64_t size, int64_t block, Work work) {
  const int64_t blocks = (size + block - 1) / block;
  parallel_tasks(blocks, [&](int64_t b) { work(b * block, std::min(block, size - b * block)); });
}

}  // namespace

void block_sums_of_squares(std::span<const float> x, std::span<double> blocks) {
  const int64_t size = static_cast<int64_t>(x.size());
  COHORT_CHECK_EQ(static_cast<int64_t>(blocks.size()), (size + kNormBlock - 1) / kNormBlock);
  const auto sum = loops().sum_of_squares;
  for_blocks(size, kNormBlock, [&](int64_t begin, int64_t count) {
    blocks[begin / kNormBlock] = sum(x.data() + begin, count);
  });
}

AdamWCoefficients adamw_coefficients(const AdamWStep& step) {
  COHORT_CHECK(step.step >= 1, "AdamW counts its steps from 1, not {}", step.step);
  const auto t = static_cast<double>(step.step);
  return {
      .grad_scale = static_cast<float>(step.grad_scale),
      .beta1 = static_cast<float>(step.beta1),
      .one_minus_beta1 = static_cast<float>(1 - step.beta1),
      .beta2 = static_cast<float>(step.beta2),
      .one_minus_beta2 = static_cast<float>(1 - step.beta2),
      .inv_correction1 = static_cast<float>(1 / (1 - std::pow(step.beta1, t))),
      .inv_correction2 = static_cast<float>(1 / (1 - std::pow(step.beta2, t))),
      .eps = static_cast<float>(step.eps),
      .lr = static_cast<float>(step.lr),
      .weight_decay = static_cast<float>(step.weight_decay),
  };
}

void adamw_update(std::span<float> master, std::span<float> m, std::span<float> v,
                  std::span<const float> grad, const AdamWStep& step) {
  COHORT_CHECK_EQ(m.size(), master.size());
  COHORT_CHECK_EQ(v.size(), master.size());
  COHORT_CHECK_EQ(grad.size(), master.size());
  const AdamWCoefficients c = adamw_coefficients(step);
  const auto update = loops().adamw;
  for_blocks(static_cast<int64_t>(master.size()), kBlock, [&](int64_t begin, int64_t count) {
    update(master.data() + begin, m.data() + begin, v.data() + begin, grad.data() + begin, count,
           c);
  });
}

void round_to_bf16(std::span<const float> in, std::span<uint16_t> out) {
  COHORT_CHECK_EQ(in.size(), out.size());
  const auto round = loops().round_to_bf16;
  for_blocks(static_cast<int64_t>(in.size()), kBlock, [&](int64_t begin, int64_t count) {
    round(in.data() + begin, out.data() + begin, count);
  });
}

bool all_finite(std::span<const float> x) {
  const auto finite = loops().all_finite;
  const int64_t size = static_cast<int64_t>(x.size());
  std::atomic<bool> good = true;
  for_blocks(size, kBlock, [&](int64_t begin, int64_t count) {
    if (!finite(x.data() + begin, count)) good = false;
  });
  return good;
}

}  // namespace cohort::kernels
