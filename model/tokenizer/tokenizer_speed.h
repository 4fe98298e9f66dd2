// How fast a tokenizer is, on one thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/tokenizer/tokenizer.h"

namespace cohort {

struct TokenizerSpeed {
  int64_t bytes = 0, tokens = 0;  // of one pass over the texts
  // Megabytes of text a second of the thread's processor time, which other programs on the machine
  // disturb less than the clock on the wall; the median of the passes.
  double encode_mb_per_s = 0, decode_mb_per_s = 0;
};

// `passes` over all texts, after one that is not counted. Throws InputError as encode() does.
TokenizerSpeed measure_speed(const Tokenizer& tokenizer, std::span<const std::string> texts,
                             int64_t passes);

// Parts of `text` of about `size` bytes, cut behind ends of lines, or where a line is longer than
// that, between characters.
std::vector<std::string> cut_into_texts(const std::string& text, size_t size);

}  // namespace cohort
