// Where PCRE2 and Oniguruma, which the tokenizers library runs, differ.
#include "model/tokenizer/regex.h"

#include <gtest/gtest.h>

#include "tests/model/tokenizer/tokenizer_test_support.h"

namespace cohort {
namespace {

std::vector<std::string> matches(const std::string& pattern, const std::string& text) {
  const Regex regex(pattern, "test");
  std::vector<std::string> found;
  RegexMatch match;
  for (size_t at = 0; at < text.size() && regex.find(text, at, match); at = match.end)
    found.push_back(text.substr(match.begin, match.end - match.begin));
  return found;
}

std::string refusal(const std::string& pattern) {
  return error_of([&] { Regex(pattern, "FILE: Split"); });
}

using Strings = std::vector<std::string>;

TEST(Regex, WhiteSpaceIsUnicodes) {
  for (const char* space : {"\t", "\n", "\v", "\f", "\r", " ", "\u0085", "\u00A0", "\u1680",
                            "\u2000", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"}) {
    EXPECT_EQ(matches("\\s", space), Strings{space});
    EXPECT_EQ(matches("[x\\s]", space), Strings{space});
    EXPECT_TRUE(matches("\\S", space).empty());
  }
  for (const char* other : {"\u180E", "\u200B", "\u2060", "\uFEFF", "\x1C"}) {
    EXPECT_TRUE(matches("\\s", other).empty());
    EXPECT_EQ(matches("\\S", other), Strings{other});
    EXPECT_EQ(matches("[^\\s]", other), Strings{other});
  }
}

TEST(Regex, CharactersNewerThanTheEngineHaveTheirCategory) {
  EXPECT_EQ(matches("\\p{S}+", "\U0001FAE8\U0001FABF"), Strings{"\U0001FAE8\U0001FABF"});
  EXPECT_EQ(matches("[\\p{L}]", "\U00031350"), Strings{"\U00031350"});
  EXPECT_TRUE(matches("[^\\s\\p{L}]", "\U00031350").empty());
  EXPECT_TRUE(matches("\\P{N}", "\U0001E4F0").empty());
  EXPECT_EQ(matches("\\d", "\U0001E4F0"), Strings{"\U0001E4F0"});
  EXPECT_TRUE(matches("\\p{S}", "\u0378").empty());  // which no Unicode has
}

TEST(Regex, LinesEndBeforeEveryNewline) {
  EXPECT_EQ(matches(" +$", "a  \nb "), (Strings{"  ", " "}));
  EXPECT_EQ(matches("^b", "a\nb"), Strings{"b"});
  EXPECT_TRUE(matches("a$", "a\rb").empty());
}

TEST(Regex, LongSIsAnS) { EXPECT_EQ(matches("(?i:'s)", "'\u017F"), Strings{"'\u017F"}); }

TEST(Regex, TenMillionSpacesAreNoError) {
  const std::string spaces(10000000, ' ');
  const std::string pattern = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  EXPECT_EQ(matches(pattern, spaces), Strings{spaces});
  EXPECT_EQ(matches(pattern, spaces + "x"), (Strings{spaces.substr(1), " "}));
}

TEST(Regex, SearchWithoutEndIsGivenUp) {
  const Regex regex("(?:a+)+b", "test");
  RegexMatch match;
  EXPECT_NE(error_of([&] {
              regex.find(std::string(60, 'a') + "cb", 0, match);
            }).find("splitting text failed: match limit exceeded"),
            std::string::npos);
}

TEST(Regex, WhatTheEnginesReadDifferentlyIsRefused) {
  for (const char* pattern :
       {"\\w",     "\\b",     "\\h",          "\\R",    "\\X",   "\\1",   "\\p{Han}",
        "\\p{L&}", "[a[b]]",  "[[:alpha:]]",  "[a&&b]", "[]a]",  "[\\S]", "[\\P{L}]",
        "[\\s-z]", "[!-\\s]", "a{2}+",        "a{2}?",  "a{,3}", "a{x}",  "(?x)a",
        "(?<n>a)", "(*UTF)a", "(?i:\\p{Lu})", "[a",     "a\\"}) {
    const std::string error = refusal(pattern);
    EXPECT_EQ(error.find("FILE: Split: "), 0u) << pattern << ": " << error;
    EXPECT_NE(error.find("is not supported"), std::string::npos) << pattern << ": " << error;
  }
  EXPECT_NE(refusal("(a").find("does not compile"), std::string::npos);
  EXPECT_NE(refusal("a*").find("can match nothing"), std::string::npos);
}

}  // namespace
}  // namespace cohort
