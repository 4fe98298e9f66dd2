// The two orders of the rows of q and k: rope in halves (Hugging Face) and in neighbouring pairs
// (llama.cpp's architecture llama).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace cohort {

// values [rows, columns], rows a multiple of head_rows: row 2 i + j of each head of the result is
// row j D / 2 + i of `halves`.
std::vector<float> halves_to_pairs(std::span<const float> halves, int64_t columns,
                                   int64_t head_rows);
std::vector<float> pairs_to_halves(std::span<const float> pairs, int64_t columns,
                                   int64_t head_rows);

}  // namespace cohort
