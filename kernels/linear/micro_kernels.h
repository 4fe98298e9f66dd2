// The pure-pointer layer of the GEMM: what one kind of processor provides. No tensors and no
// threads here, so that files compiled for a processor share no inline function with the rest of
// the program.
//
// C = A B with B packed in panels of 32 columns: b[panel][step][column], one 32-bit word each. A
// word holds one k of fp32, or two neighbouring k of bf16 (the lower in the low half; an odd k is
// padded with 0). Every C[m, n] is one fp32 accumulator that starts at 0, or at C, and runs over
// the steps in order (Amx: over chunks of 16 steps). How rows are tiled, and which panels a call
// covers, changes no bit of it; nor does it change one to cut the steps (Amx: at chunks) into calls
// that start at C.
//
// 8-bit products (Element::kQ8) go by blocks of 32 k, the last one padded with 0. Both A and B hold
// of each block its integers q and a scale d, with d q for the value (Q8_0 of ggml):
//   d = max |x| / 127,  q = x / d rounded to the nearest, ties to even;  B keeps d in fp16
//   C[m, n] = sum over the blocks in order, fused: C = fma(sum_i qa_i qb_i, da db, C)
// The integer sums are exact, so every processor gives the same bits. A block of A with an infinity
// or a NaN has d = NaN.
#pragma once

#include <cstdint>

namespace cohort::kernels::gemm {

inline constexpr int64_t kPanel = 32;
inline constexpr int64_t kWordBytes = 4;
inline constexpr int64_t kStepBytes = kPanel * kWordBytes;

enum class Element { kFp32, kBf16, kQ8 };
// Of tensors, which are never kQ8.
inline constexpr int64_t element_bytes(Element e) { return e == Element::kFp32 ? 4 : 2; }

// A step of kQ8 is a block of 32 k: eight steps of words of four k, the lowest k in the lowest
// byte, as q + 128 (VPDPBUSD takes unsigned by signed), and the 32 columns' scales in fp16.
inline constexpr int64_t kQ8Block = 32, kQ8Words = kQ8Block / 4;
inline constexpr int64_t kQ8StepBytes = kQ8Words * kStepBytes + 2 * kPanel;
inline constexpr int64_t step_bytes(Element e) {
  return e == Element::kQ8 ? kQ8StepBytes : kStepBytes;
}
// A block of a row of A.
struct Q8Values {
  int8_t q[kQ8Block];
  float scale;
  int32_t offset;  // -128 times the sum of q: what B's 128 adds to a product
};

enum class Output { kFp32, kBf16, kOntoFp32 };  // kOntoFp32: the accumulator starts at C

inline constexpr int64_t steps_of(Element e, int64_t k) {
  return e == Element::kFp32   ? k
         : e == Element::kBf16 ? (k + 1) / 2
                               : (k + kQ8Block - 1) / kQ8Block;
}
inline constexpr int64_t panels_of(int64_t n) { return (n + kPanel - 1) / kPanel; }
inline constexpr int64_t packed_bytes(Element e, int64_t n, int64_t k) {
  return panels_of(n) * steps_of(e, k) * step_bytes(e);
}

struct Block {
  const char* a;  // rows of A, each padded to whole steps
  int64_t a_row_bytes;
  const char* b;        // panel 0, first step
  int64_t panel_bytes;  // from panel to panel
  char* c;              // row 0, column 0
  int64_t c_row;        // elements from row to row
  int64_t rows;
  int64_t columns;  // of the whole matrix; the last panel may be part empty
  int64_t steps;
  int64_t panel_begin, panel_end;
  Output output;
};

// Rows of a matrix, optionally picked by an index.
struct Rows {
  const char* data;
  int64_t row_bytes;
  const int32_t* index = nullptr;
  bool gathered = false;  // in the form that multiply() reads; without an index

  const char* row(int64_t m) const { return data + (index ? index[m] : m) * row_bytes; }
  Rows from(int64_t m) const {
    return index ? Rows{data, row_bytes, index + m}
                 : Rows{data + m * row_bytes, row_bytes, nullptr, gathered};
  }
  Rows columns_from(int64_t offset_bytes) const { return {data + offset_bytes, row_bytes, index}; }
};

using Multiply = void (*)(const Block&);
// Rows of A in the form that multiply() reads: picked, widened or quantised if need be, padded with
// 0 to whole steps.
using Gather = void (*)(const Rows& x, int64_t rows, int64_t k, char* out, int64_t out_row_bytes);

struct PackKernels {
  // b of B[k][n] = w[n][k], for panels [begin, end): the forward direction of a weight w [n, k].
  void (*pack_transposed)(const Rows& w, int64_t n, int64_t k, int64_t begin, int64_t end, char* b);
  // b of B[k][n] = w[k][n], for panels [begin, end): the backward direction; k rows of n columns.
  void (*pack)(const Rows& w, int64_t k, int64_t n, int64_t begin, int64_t end, char* b);
  // out[n][m] = w[m][n], rows of out padded with 0 to whole steps.
  void (*transpose)(const Rows& w, int64_t m, int64_t n, char* out, int64_t out_row_bytes);
};

struct MicroKernels {
  const char* name;
  Element element;  // of the panels; kQ8 aside, of x and of the weights
  Element
      a_element;  // of A as multiply() reads it: fp32 with bf16 panels means that gather() widens
  Multiply multiply;
  Gather gather;
  PackKernels pack;  // kQ8: pack_transposed alone

  // Whether multiply() reads rows of x with k elements as they lie.
  bool reads_as_it_is(const Rows& x, int64_t k) const {
    if (x.gathered) return true;
    return x.index == nullptr && a_element == element &&
           (element == Element::kFp32 || (element == Element::kBf16 && k % 2 == 0));
  }
  // Bytes of a row of A with k elements, padded to whole steps.
  int64_t a_row_bytes(int64_t k) const {
    if (element == Element::kQ8) return steps_of(element, k) * sizeof(Q8Values);
    return steps_of(element, k) * (a_element == element ? kWordBytes : 2 * kWordBytes);
  }
};

// "Widen": bf16 panels, A in fp32. "Dot": VDPBF16PS. Amx: bf16 by tiles.
extern const Multiply kPortableMultiplyFp32, kPortableMultiplyWiden;
extern const Multiply kAvx2MultiplyFp32, kAvx2MultiplyWiden;
extern const Multiply kAvx512MultiplyFp32, kAvx512MultiplyWiden, kAvx512MultiplyDot, kAmxMultiply;
extern const Gather kCopyRowsFp32, kCopyRowsBf16, kPortableWidenRows, kAvx512WidenRows;
extern const PackKernels kPortablePackFp32, kPortablePackBf16;
extern const PackKernels kAvx512PackFp32, kAvx512PackBf16;
// 8 bits, of rows and weights in fp32 or bf16.
struct Q8Kernels {
  Multiply multiply;
  Gather gather_fp32, gather_bf16;
  PackKernels pack_fp32, pack_bf16;
};
extern const Q8Kernels kPortableQ8, kAvx2Q8, kAvx512Q8;
extern const Multiply kAmxQ8Multiply;  // with the rest of kAvx512Q8

}  // namespace cohort::kernels::gemm
