// For any processor, and the statement of what the others compute (they differ in fusing multiply
// and add).
#include <algorithm>

#include "kernels/linear/micro_kernels.h"
#include "kernels/linear/portable_store.h"

namespace cohort::kernels::gemm {
namespace {

template <class T>
T load(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

float from_bits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

void multiply_fp32(const Block& block) {
  for (int64_t panel = block.panel_begin; panel < block.panel_end; ++panel) {
    for (int64_t row = 0; row < block.rows; ++row) {
      const char* a = block.a + row * block.a_row_bytes;
      const char* b = block.b + panel * block.panel_bytes;
      float sums[kPanel];
      start_sums(block, row, panel * kPanel, sums, kPanel);
      for (int64_t s = 0; s < block.steps; ++s, a += 4, b += kStepBytes) {
        const float av = load<float>(a);
        for (int64_t j = 0; j < kPanel; ++j) sums[j] += av * load<float>(b + 4 * j);
      }
      store_sums(block, row, panel * kPanel, sums, kPanel);
    }
  }
}

void multiply_widen(const Block& block) {
  for (int64_t panel = block.panel_begin; panel < block.panel_end; ++panel) {
    for (int64_t row = 0; row < block.rows; ++row) {
      const char* a = block.a + row * block.a_row_bytes;
      const char* b = block.b + panel * block.panel_bytes;
      float sums[kPanel];
      start_sums(block, row, panel * kPanel, sums, kPanel);
      for (int64_t s = 0; s < block.steps; ++s, a += 8, b += kStepBytes) {
        const float low = load<float>(a), high = load<float>(a + 4);
        for (int64_t j = 0; j < kPanel; ++j) {
          const uint32_t word = load<uint32_t>(b + 4 * j);
          sums[j] += low * from_bits(word << 16);
          sums[j] += high * from_bits(word & 0xffff0000u);
        }
      }
      store_sums(block, row, panel * kPanel, sums, kPanel);
    }
  }
}

// Word s of a row of `k` elements: fp32, element s; bf16, elements 2s and 2s + 1.
template <Element kElement>
uint32_t row_word(const char* row, int64_t k, int64_t s) {
  if constexpr (kElement == Element::kFp32) {
    return load<uint32_t>(row + 4 * s);
  } else {
    return 2 * s + 1 < k ? load<uint32_t>(row + 4 * s) : load<uint16_t>(row + 4 * s);
  }
}

// Word (s, column): fp32, row s; bf16, rows 2s (low half) and 2s + 1.
template <Element kElement>
uint32_t step_word(const Rows& w, int64_t rows, int64_t s, int64_t column) {
  if constexpr (kElement == Element::kFp32) {
    return load<uint32_t>(w.row(s) + 4 * column);
  } else {
    const uint32_t low = load<uint16_t>(w.row(2 * s) + 2 * column);
    const uint32_t high = 2 * s + 1 < rows ? load<uint16_t>(w.row(2 * s + 1) + 2 * column) : 0;
    return low | high << 16;
  }
}

template <Element kElement>
void pack_transposed(const Rows& w, int64_t n, int64_t k, int64_t begin, int64_t end, char* b) {
  constexpr int64_t kBlock =
      16;  // steps at a time, so that the words written stay in the first cache
  const int64_t steps = steps_of(kElement, k);
  for (int64_t panel = begin; panel < end; ++panel) {
    for (int64_t first = 0; first < steps; first += kBlock) {
      const int64_t last = std::min(first + kBlock, steps);
      char* out = b + (panel * steps + first) * kStepBytes;
      for (int64_t j = 0; j < kPanel; ++j) {
        const bool exists = panel * kPanel + j < n;
        const char* row = exists ? w.row(panel * kPanel + j) : nullptr;
        for (int64_t s = first; s < last; ++s) {
          const uint32_t word = exists ? row_word<kElement>(row, k, s) : 0;
          std::memcpy(out + (s - first) * kStepBytes + 4 * j, &word, 4);
        }
      }
    }
  }
}

template <Element kElement>
void pack(const Rows& w, int64_t k, int64_t n, int64_t begin, int64_t end, char* b) {
  const int64_t steps = steps_of(kElement, k);
  for (int64_t panel = begin; panel < end; ++panel) {
    char* out = b + panel * steps * kStepBytes;
    for (int64_t s = 0; s < steps; ++s, out += kStepBytes) {
      for (int64_t j = 0; j < kPanel; ++j) {
        const int64_t column = panel * kPanel + j;
        const uint32_t word = column < n ? step_word<kElement>(w, k, s, column) : 0;
        std::memcpy(out + 4 * j, &word, 4);
      }
    }
  }
}

template <Element kElement>
void transpose(const Rows& w, int64_t m, int64_t n, char* out, int64_t out_row_bytes) {
  constexpr int64_t kBlock = 16;
  const int64_t steps = steps_of(kElement, m);
  for (int64_t first = 0; first < n; first += kBlock) {
    const int64_t last = std::min(first + kBlock, n);
    for (int64_t s = 0; s < steps; ++s) {
      for (int64_t column = first; column < last; ++column) {
        const uint32_t word = step_word<kElement>(w, m, s, column);
        std::memcpy(out + column * out_row_bytes + 4 * s, &word, 4);
      }
    }
  }
}

template <Element kElement>
void copy_rows(const Rows& x, int64_t rows, int64_t k, char* out, int64_t out_row_bytes) {
  const int64_t bytes = k * element_bytes(kElement);
  const int64_t padded = steps_of(kElement, k) * kWordBytes;
  for (int64_t row = 0; row < rows; ++row) {
    std::memcpy(out + row * out_row_bytes, x.row(row), bytes);
    std::memset(out + row * out_row_bytes + bytes, 0, padded - bytes);
  }
}

void widen_rows(const Rows& x, int64_t rows, int64_t k, char* out, int64_t out_row_bytes) {
  for (int64_t row = 0; row < rows; ++row) {
    const char* from = x.row(row);
    char* to = out + row * out_row_bytes;
    for (int64_t i = 0; i < k; ++i) {
      const uint32_t word = static_cast<uint32_t>(load<uint16_t>(from + 2 * i)) << 16;
      std::memcpy(to + 4 * i, &word, 4);
    }
    if (k % 2 != 0) std::memset(to + 4 * k, 0, 4);
  }
}

}  // namespace

const Gather kCopyRowsFp32 = copy_rows<Element::kFp32>;
const Gather kCopyRowsBf16 = copy_rows<Element::kBf16>;
const Gather kPortableWidenRows = widen_rows;
const Multiply kPortableMultiplyFp32 = multiply_fp32;
const Multiply kPortableMultiplyWiden = multiply_widen;
const PackKernels kPortablePackFp32 = {pack_transposed<Element::kFp32>, pack<Element::kFp32>,
                                       transpose<Element::kFp32>};
const PackKernels kPortablePackBf16 = {pack_transposed<Element::kBf16>, pack<Element::kBf16>,
                                       transpose<Element::kBf16>};

}  // namespace cohort::kernels::gemm
