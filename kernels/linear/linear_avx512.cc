#include <immintrin.h>

#include "kernels/linear/micro_kernels.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq,fma")

#include "kernels/linear/avx512_tile.h"

namespace cohort::kernels::gemm {
namespace {

struct Fp32Step {
  static constexpr int64_t kAStepBytes = 4;
  static constexpr int64_t kMaxRows = 14;

  template <int kRows, int kPanels>
  [[gnu::always_inline]] static void step(__m512 (&acc)[kRows][2 * kPanels],
                                          const TileRows<kRows>& a, int64_t a_bytes, const char* b,
                                          int64_t panel_bytes) {
    __m512 bv[2 * kPanels];
#pragma GCC unroll 8
    for (int j = 0; j < 2 * kPanels; ++j) {
      bv[j] = _mm512_loadu_ps(b + (j / 2) * panel_bytes + (j % 2) * 64);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const __m512 av = a.broadcast(i, a_bytes);
#pragma GCC unroll 8
      for (int j = 0; j < 2 * kPanels; ++j) acc[i][j] = _mm512_fmadd_ps(av, bv[j], acc[i][j]);
    }
  }
};

// bf16 panels widened in registers, A already fp32: products are exact, sums as in fp32. The faster
// form where VDPBF16PS is slow or missing.
struct WidenStep {
  static constexpr int64_t kAStepBytes = 8;
  static constexpr int64_t kMaxRows = 14;

  template <int kRows, int kPanels>
  [[gnu::always_inline]] static void step(__m512 (&acc)[kRows][2 * kPanels],
                                          const TileRows<kRows>& a, int64_t a_bytes, const char* b,
                                          int64_t panel_bytes) {
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      __m512 bv[2 * kPanels];
#pragma GCC unroll 8
      for (int j = 0; j < 2 * kPanels; ++j) {
        const __m512i words = _mm512_loadu_si512(b + (j / 2) * panel_bytes + (j % 2) * 64);
        bv[j] =
            _mm512_castsi512_ps(half == 0 ? _mm512_slli_epi32(words, 16)
                                          : _mm512_and_si512(words, _mm512_set1_epi32(0xffff0000)));
      }
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const __m512 av = a.broadcast(i, a_bytes + 4 * half);
#pragma GCC unroll 8
        for (int j = 0; j < 2 * kPanels; ++j) acc[i][j] = _mm512_fmadd_ps(av, bv[j], acc[i][j]);
      }
    }
  }
};

}  // namespace

const Multiply kAvx512MultiplyFp32 = multiply<Fp32Step>;
const Multiply kAvx512MultiplyWiden = multiply<WidenStep>;

}  // namespace cohort::kernels::gemm

#pragma GCC pop_options
