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
#pragma once

#include <cstdint>

namespace cohort::kernels::gemm {

inline constexpr int64_t kPanel = 32;
inline constexpr int64_t kWordBytes = 4;
inline constexpr int64_t kStepBytes = kPanel * kWordBytes;

enum class Element { kFp32, kBf16 };
inline constexpr int64_t element_bytes(Element e) { return e == Element::kFp32 ? 4 : 2; }

enum class Output { kFp32, kBf16, kOntoFp32 };  // kOntoFp32: the accumulator starts at C

inline constexpr int64_t steps_of(Element e, int64_t k) {
  return e == Element::kFp32 ? k : (k + 1) / 2;
}
inline constexpr int64_t panels_of(int64_t n) { return (n + kPanel - 1) / kPanel; }
inline constexpr int64_t packed_bytes(Element e, int64_t n, int64_t k) {
  return panels_of(n) * steps_of(e, k) * kStepBytes;
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

  const char* row(int64_t m) const { return data + (index ? index[m] : m) * row_bytes; }
  Rows from(int64_t m) const {
    return index ? Rows{data, row_bytes, index + m} : Rows{data + m * row_bytes, row_bytes};
  }
  Rows columns_from(int64_t offset_bytes) const { return {data + offset_bytes, row_bytes, index}; }
};

using Multiply = void (*)(const Block&);
// Rows of A in the form that multiply() reads: picked, widened if need be, padded with 0 to whole
// steps.
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
  Element element;  // of x, of the weights and so of the panels
  Element
      a_element;  // of A as multiply() reads it: fp32 with bf16 panels means that gather() widens
  Multiply multiply;
  Gather gather;
  PackKernels pack;

  // Bytes of a row of A with k elements, padded to whole steps.
  int64_t a_row_bytes(int64_t k) const {
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

}  // namespace cohort::kernels::gemm
