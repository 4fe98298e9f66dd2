// bf16 by VDPBF16PS: a step adds two products to an accumulator with the instruction's own
// rounding.
#include <immintrin.h>

#include "kernels/linear/micro_kernels.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq,avx512bf16,fma")

#include "kernels/linear/avx512_tile.h"

namespace cohort::kernels::gemm {
namespace {

struct DotStep {
  static constexpr int64_t kAStepBytes = 4;
  static constexpr int64_t kMaxRows = 14;

  template <int kRows, int kPanels>
  [[gnu::always_inline]] static void step(__m512 (&acc)[kRows][2 * kPanels],
                                          const TileRows<kRows>& a, int64_t a_bytes, const char* b,
                                          int64_t panel_bytes) {
    __m512bh bv[2 * kPanels];
#pragma GCC unroll 8
    for (int j = 0; j < 2 * kPanels; ++j) {
      bv[j] = (__m512bh)_mm512_loadu_si512(b + (j / 2) * panel_bytes + (j % 2) * 64);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const __m512bh av = (__m512bh)a.broadcast(i, a_bytes);
#pragma GCC unroll 8
      for (int j = 0; j < 2 * kPanels; ++j) acc[i][j] = _mm512_dpbf16_ps(acc[i][j], bv[j], av);
    }
  }
};

}  // namespace

const Multiply kAvx512MultiplyDot = multiply<DotStep>;

}  // namespace cohort::kernels::gemm

#pragma GCC pop_options
