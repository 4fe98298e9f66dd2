#include "model/tokenizer/tokenizer_speed.h"

#include <gtest/gtest.h>

#include <numeric>

namespace cohort {
namespace {

using Strings = std::vector<std::string>;

TEST(TokenizerSpeed, CountsOnePass) {
  const auto tokenizer = Tokenizer::bytes({});
  const Strings texts = {"abc", "", "\u00E9"};
  const TokenizerSpeed speed = measure_speed(*tokenizer, texts, 3);
  EXPECT_EQ(speed.bytes, 5);
  EXPECT_EQ(speed.tokens, 5);
  EXPECT_GT(speed.encode_mb_per_s, 0);
  EXPECT_GT(speed.decode_mb_per_s, 0);
}

TEST(TokenizerSpeed, TextIsCutAtLinesOrCharacters) {
  EXPECT_EQ(cut_into_texts("ab\ncd\nef", 6), (Strings{"ab\ncd\n", "ef"}));
  EXPECT_EQ(cut_into_texts("ab\ncdef", 5), (Strings{"ab\n", "cdef"}));
  EXPECT_EQ(cut_into_texts("a\u00E9\u00E9", 2), (Strings{"a\u00E9", "\u00E9"}));
  EXPECT_TRUE(cut_into_texts("", 2).empty());
  const std::string text(1000, 'x');
  const Strings parts = cut_into_texts(text, 7);
  EXPECT_EQ(std::accumulate(parts.begin(), parts.end(), std::string()), text);
}

}  // namespace
}  // namespace cohort
