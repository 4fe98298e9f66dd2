// The components of a pre_tokenizer.
#pragma once

#include <memory>
#include <string>

#include "model/tokenizer/pretokenizer.h"

namespace cohort {

std::unique_ptr<const SplitStage> make_split(const Fields& component);
std::unique_ptr<const SplitStage> make_digits(const Fields& component);
std::unique_ptr<const SplitStage> make_metaspace(const Fields& component);
// The two halves of ByteLevel: a space before text that has none, and GPT-2's pattern.
std::unique_ptr<const SplitStage> make_space_before(const Fields& component);
std::unique_ptr<const SplitStage> make_gpt2_split(const Fields& component);

// How Metaspace spells spaces, for the pre-tokenizer and the decoder.
struct MetaspaceSettings {
  enum class Prepend { always, first, never };
  std::string replacement;  // one character
  Prepend prepend;
  bool split;
  explicit MetaspaceSettings(const Fields& component);
};

}  // namespace cohort
