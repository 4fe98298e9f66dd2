#include "model/gguf/row_order.h"

#include <algorithm>

namespace cohort {
namespace {

template <class Source>
std::vector<float> moved(std::span<const float> in, int64_t columns, int64_t head_rows,
                         const Source& source_of) {
  std::vector<float> out(in.size());
  const int64_t rows = static_cast<int64_t>(in.size()) / columns;
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t source = row / head_rows * head_rows + source_of(row % head_rows);
    std::copy_n(in.data() + source * columns, columns, out.data() + row * columns);
  }
  return out;
}

}  // namespace

std::vector<float> halves_to_pairs(std::span<const float> halves, int64_t columns,
                                   int64_t head_rows) {
  return moved(halves, columns, head_rows,
               [&](int64_t row) { return row % 2 * (head_rows / 2) + row / 2; });
}

std::vector<float> pairs_to_halves(std::span<const float> pairs, int64_t columns,
                                   int64_t head_rows) {
  const int64_t half = head_rows / 2;
  return moved(pairs, columns, head_rows, [&](int64_t row) { return row % half * 2 + row / half; });
}

}  // namespace cohort
