#include "model/stored_values.h"

#include <atomic>
#include <cstring>

#include "core/base/error.h"
#include "core/base/threads.h"
#include "core/io/float8.h"
#include "core/io/gguf/quants.h"

namespace cohort {
namespace {

constexpr int64_t kPart = 1 << 16;  // elements of one thread at once; a multiple of every block

// work(begin, count) over parts of [0, size).
template <class Work>
void for_parts(size_t size, const Work& work) {
  const auto total = static_cast<int64_t>(size);
  parallel_tasks((total + kPart - 1) / kPart, [&](int64_t part) {
    const int64_t begin = part * kPart;
    work(static_cast<size_t>(begin), static_cast<size_t>(std::min(kPart, total - begin)));
  });
}

}  // namespace

void dequantize(GgmlType type, std::span<const std::byte> data, std::span<float> out) {
  for_parts(out.size(), [&](size_t begin, size_t count) {
    ggml_dequantize(type, data.subspan(ggml_bytes(type, begin), ggml_bytes(type, count)),
                    out.subspan(begin, count));
  });
}

void dequantize_f8(std::span<const std::byte> data, int64_t columns, int64_t first,
                   std::span<const float> scales, std::span<float> out) {
  COHORT_CHECK_EQ(data.size(), out.size());
  const int64_t rows = static_cast<int64_t>(out.size()) / columns;
  parallel_ranges(rows, std::max<int64_t>(1, kPart / columns), [&](int64_t r, int64_t last) {
    for (; r < last; ++r) {
      const float* scale = scales.data() + (first + r) / kF8Block * f8_blocks(columns);
      const std::byte* codes = data.data() + r * columns;
      float* values = out.data() + r * columns;
      for (int64_t begin = 0; begin < columns; begin += kF8Block, ++scale) {
        const int64_t end = std::min(begin + kF8Block, columns);
        for (int64_t c = begin; c < end; ++c)
          values[c] = kF8E4M3Values[static_cast<uint8_t>(codes[c])] * *scale;
      }
    }
  });
}

bool copy_finite_bf16(std::span<const std::byte> data, std::span<uint16_t> out) {
  COHORT_CHECK_EQ(data.size(), 2 * out.size());
  std::atomic<bool> finite = true;
  for_parts(out.size(), [&](size_t begin, size_t count) {
    uint16_t* values = out.data() + begin;
    std::memcpy(values, data.data() + 2 * begin, 2 * count);
    // A magnitude from 0x7f80 on carries into the sign's place.
    uint16_t carried = 0;
    for (size_t i = 0; i < count; ++i)
      carried |= static_cast<uint16_t>((values[i] & 0x7fffu) + 0x80u);
    if ((carried & 0x8000u) != 0) finite = false;
  });
  return finite;
}

}  // namespace cohort
