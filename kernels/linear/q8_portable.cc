// 8-bit products for any processor, and the statement of what the others compute, bit for bit.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "kernels/linear/micro_kernels.h"
#include "kernels/linear/portable_store.h"
#include "kernels/math/half.h"
#include "kernels/math/scalar.h"

namespace cohort::kernels::gemm {
namespace {

// x[0..count), count <= 32, as integers and a scale; zeros after it.
float quantise(const float* x, int64_t count, int8_t* q) {
  uint32_t largest = 0;  // |x| in the order of its bits, where infinity and NaN come last
  for (int64_t i = 0; i < count; ++i)
    largest = std::max(largest, std::bit_cast<uint32_t>(x[i]) & 0x7fffffffu);
  std::fill_n(q, kQ8Block, int8_t{0});
  if (largest >= 0x7f800000u) return std::numeric_limits<float>::quiet_NaN();
  const float scale = std::bit_cast<float>(largest) / 127.0f;
  if (scale < std::numeric_limits<float>::min()) return 0.0f;  // its inverse may be no number
  const float inverse = 1.0f / scale;
  constexpr float kRound = 0x1.8p23f;  // added and taken away, it leaves a whole number
  for (int64_t i = 0; i < count; ++i) q[i] = static_cast<int8_t>(x[i] * inverse + kRound - kRound);
  return scale;
}

template <class T>
float quantise_row(const char* row, int64_t begin, int64_t k, int8_t* q) {
  const T* values = reinterpret_cast<const T*>(row) + begin;
  const int64_t count = std::min(kQ8Block, k - begin);
  float x[kQ8Block];
  for (int64_t i = 0; i < count; ++i) x[i] = to_float(values[i]);
  return quantise(x, count, q);
}

template <class T>
void gather(const Rows& x, int64_t rows, int64_t k, char* out, int64_t out_row_bytes) {
  for (int64_t row = 0; row < rows; ++row) {
    auto* values = reinterpret_cast<Q8Values*>(out + row * out_row_bytes);
    for (int64_t begin = 0; begin < k; begin += kQ8Block, ++values) {
      values->scale = quantise_row<T>(x.row(row), begin, k, values->q);
      int32_t sum = 0;
      for (const int8_t q : values->q) sum += q;
      values->offset = -128 * sum;
    }
  }
}

template <class T>
void pack_transposed(const Rows& w, int64_t n, int64_t k, int64_t begin, int64_t end, char* b) {
  const int64_t steps = steps_of(Element::kQ8, k);
  for (int64_t panel = begin; panel < end; ++panel) {
    for (int64_t s = 0; s < steps; ++s) {
      char* out = b + (panel * steps + s) * kQ8StepBytes;
      for (int64_t j = 0; j < kPanel; ++j) {
        const int64_t column = panel * kPanel + j;
        int8_t q[kQ8Block] = {};
        const float scale = column < n ? quantise_row<T>(w.row(column), s * kQ8Block, k, q) : 0.0f;
        for (int64_t i = 0; i < kQ8Block; ++i)
          out[i / 4 * kStepBytes + 4 * j + i % 4] = static_cast<char>(q[i] ^ 0x80);
        const uint16_t half = float_to_half(scale);
        std::memcpy(out + kQ8Words * kStepBytes + 2 * j, &half, 2);
      }
    }
  }
}

void multiply(const Block& block) {
  for (int64_t panel = block.panel_begin; panel < block.panel_end; ++panel) {
    for (int64_t row = 0; row < block.rows; ++row) {
      const auto* a = reinterpret_cast<const Q8Values*>(block.a + row * block.a_row_bytes);
      const char* b = block.b + panel * block.panel_bytes;
      float sums[kPanel] = {};
      for (int64_t s = 0; s < block.steps; ++s, ++a, b += kQ8StepBytes) {
        int32_t products[kPanel] = {};
        for (int64_t word = 0; word < kQ8Words; ++word)
          for (int64_t j = 0; j < kPanel; ++j)
            for (int64_t i = 0; i < 4; ++i)
              products[j] +=
                  a->q[4 * word + i] * static_cast<int8_t>(b[word * kStepBytes + 4 * j + i] ^ 0x80);
        for (int64_t j = 0; j < kPanel; ++j) {
          uint16_t half;
          std::memcpy(&half, b + kQ8Words * kStepBytes + 2 * j, 2);
          const float scale = a->scale * half_to_float(half);
          sums[j] = std::fma(static_cast<float>(products[j]), scale, sums[j]);
        }
      }
      store_sums(block, row, panel * kPanel, sums, kPanel);
    }
  }
}

}  // namespace

const Q8Kernels kPortableQ8 = {multiply,
                               gather<float>,
                               gather<Bf16>,
                               {pack_transposed<float>, nullptr, nullptr},
                               {pack_transposed<Bf16>, nullptr, nullptr}};

}  // namespace cohort::kernels::gemm
