#include "tests/support/tensor_core_on_host.h"

#include "core/io/float8.h"
#include "tests/support/cuda_on_host.h"

// Written from the PTX ISA's figures of the fragments, with g = lane / 4 and t = lane % 4.
namespace cohort::kernels::device {
namespace {

using cuda_on_host::exchange;
using cuda_on_host::Letter;

float bf16_of(uint32_t word, int i) {
  return __uint_as_float(i == 0 ? word << 16 : word & 0xffff0000u);
}
float e4m3_of(uint32_t word, int i) { return f8_e4m3_value(static_cast<uint8_t>(word >> (8 * i))); }

// A word holds kEach elements; of a row of a and a column of b, lane t of four has those at
// [kEach t, kEach t + kEach) in its first word of that row or column, and those 4 kEach later in
// its second.
template <int kEach, class Value>
void multiply(const char* call, float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1,
              const Value& value) {
  const Letter* letters = exchange(call, {{a[0], a[1], a[2], a[3], b0, b1}});
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  for (int e = 0; e < 4; ++e) {
    const int lower = e / 2, column = 2 * t + e % 2;  // rows g and g + 8
    double sum = c[e];
    for (int later = 0; later < 2; ++later) {
      for (int owner = 0; owner < 4; ++owner) {
        const uint32_t of_row = letters[g * 4 + owner].words[later * 2 + lower];
        const uint32_t of_column = letters[column * 4 + owner].words[4 + later];
        for (int i = 0; i < kEach; ++i)
          sum += static_cast<double>(value(of_row, i)) * static_cast<double>(value(of_column, i));
      }
    }
    c[e] = static_cast<float>(sum);
  }
}

// Word i of a lane: the pair at [2t, 2t + 1] of line g of matrix i, or of column g.
void load_from(const char* call, uint32_t (&words)[4], const void* row, bool transposed) {
  if (reinterpret_cast<uintptr_t>(row) % 16 != 0)
    throw std::runtime_error(std::string(call) + ": a row that is not aligned");
  Letter mine{};
  std::memcpy(mine.words, &row, sizeof(row));
  const Letter* letters = exchange(call, mine);
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  for (int i = 0; i < 4; ++i) {
    uint16_t pair[2];
    for (int j = 0; j < 2; ++j) {
      const uint16_t* line;
      std::memcpy(&line, letters[i * 8 + (transposed ? 2 * t + j : g)].words, sizeof(line));
      pair[j] = line[transposed ? g : 2 * t + j];
    }
    std::memcpy(&words[i], pair, sizeof(pair));
  }
}

}  // namespace

void multiply_16x8x16(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  multiply<2>("mma", c, a, b0, b1, bf16_of);
}

void multiply_16x8x32_e4m3(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  multiply<4>("mma of e4m3", c, a, b0, b1, e4m3_of);
}

float of_other_lane(float value, int mask) {
  Letter mine{};
  mine.words[0] = __float_as_uint(value);
  return __uint_as_float(exchange("shuffle", mine)[threadIdx.x % 32 ^ mask].words[0]);
}

void load_matrices(uint32_t (&words)[4], const void* row) {
  load_from("ldmatrix", words, row, false);
}

void load_matrices_transposed(uint32_t (&words)[4], const void* row) {
  load_from("ldmatrix, transposed", words, row, true);
}

}  // namespace cohort::kernels::device
