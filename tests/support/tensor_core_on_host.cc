#include "tests/support/tensor_core_on_host.h"

#include "tests/support/cuda_on_host.h"

// Written from the PTX ISA's figures of the fragments, with g = lane / 4 and t = lane % 4.
namespace cohort::kernels::device {
namespace {

using cuda_on_host::exchange;
using cuda_on_host::Letter;

float bf16_of(uint32_t word, int half) {
  return __uint_as_float(half == 0 ? word << 16 : word & 0xffff0000u);
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
  Letter mine{};
  for (int i = 0; i < 8; ++i) mine.words[i] = __float_as_uint(bf16_of(a[i / 2], i % 2));
  for (int i = 0; i < 4; ++i) mine.words[8 + i] = __float_as_uint(bf16_of(i < 2 ? b0 : b1, i % 2));
  const Letter* letters = exchange("mma", mine);
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  for (int e = 0; e < 4; ++e) {
    const int row_word = e / 2, column = 2 * t + e % 2;  // rows g and g + 8
    double sum = c[e];
    for (int k = 0; k < 16; ++k) {
      const int owner = k % 8 / 2, word = k / 8, half = k % 2;
      const Letter& of_row = letters[g * 4 + owner];
      const Letter& of_column = letters[column * 4 + owner];
      sum += static_cast<double>(__uint_as_float(of_row.words[(word * 2 + row_word) * 2 + half])) *
             static_cast<double>(__uint_as_float(of_column.words[8 + word * 2 + half]));
    }
    c[e] = static_cast<float>(sum);
  }
}

void load_matrices(uint32_t (&words)[4], const void* row) {
  load_from("ldmatrix", words, row, false);
}

void load_matrices_transposed(uint32_t (&words)[4], const void* row) {
  load_from("ldmatrix, transposed", words, row, true);
}

}  // namespace cohort::kernels::device
