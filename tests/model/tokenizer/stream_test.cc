// Streams of text, and encoding and decoding where text is not what it seems.
#include <gtest/gtest.h>

#include "model/tokenizer/utf8.h"
#include "tests/model/tokenizer/tokenizer_test_support.h"

namespace cohort {
namespace {

using nlohmann::json;
using Ids = std::vector<int32_t>;
using Strings = std::vector<std::string>;

// Over the characters that a little SentencePiece file has, with the bytes of the others.
std::string fallback_tokenizer(const std::function<void(json&)>& change) {
  json vocabulary = {{"<unk>", 0}, {"<s>", 1}, {"\u2581", 2}, {"a", 3}, {"\u2581a", 4}, {"b", 5}};
  for (int byte = 0; byte < 256; ++byte) vocabulary[fmt::format("<0x{:02X}>", byte)] = 6 + byte;
  const auto replace = [](const char* from, const char* to) {
    return json{{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
  };
  json t = {
      {"added_tokens", {added_token(0, "<unk>", {"special"}), added_token(1, "<s>", {"special"})}},
      {"normalizer",
       {{"type", "Sequence"},
        {"normalizers", {{{"type", "Prepend"}, {"prepend", "\u2581"}}, replace(" ", "\u2581")}}}},
      {"pre_tokenizer", nullptr},
      {"decoder",
       {{"type", "Sequence"},
        {"decoders",
         {replace("\u2581", " "),
          {{"type", "ByteFallback"}},
          {{"type", "Fuse"}},
          {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}}}}},
      {"model",
       {{"type", "BPE"},
        {"byte_fallback", true},
        {"unk_token", "<unk>"},
        {"vocab", vocabulary},
        {"merges", {"\u2581 a"}}}}};
  change(t);
  return t.dump();
}
Ids byte_ids(const std::string& bytes) {
  Ids ids;
  for (char c : bytes) ids.push_back(6 + static_cast<uint8_t>(c));
  return ids;
}

Strings pushed(StreamDecoder& stream, const Ids& ids) {
  Strings pieces;
  for (int32_t id : ids) pieces.push_back(stream.push(id));
  pieces.push_back(stream.finish());
  return pieces;
}

TEST(Stream, HoldsAnUnfinishedCharacterBack) {
  const auto tokenizer = Tokenizer::bytes({});
  const auto stream = tokenizer->stream_decoder();
  EXPECT_EQ(pushed(*stream, {'a', 0xF0, 0x9F, 0x99, 0x82, 'b'}),
            (Strings{"a", "", "", "", "\U0001F642", "b", ""}));
  // What can no longer become a character is not held.
  EXPECT_EQ(pushed(*stream, {0xE2, 0x82, 'z', 0xFF, 0xC3}),
            (Strings{"", "", "\uFFFDz", "\uFFFD", "", "\uFFFD"}));
}

TEST(Stream, SkipsSpecialTokensInsideACharacter) {
  const auto tokenizer = Tokenizer::bytes({"<|eos|>"});
  EXPECT_EQ(pushed(*tokenizer->stream_decoder(true), {1 + 0xC3, 0, 1 + 0xA9, -1, 400}),
            (Strings{"", "", "\u00E9", "", "", ""}));
  EXPECT_EQ(pushed(*tokenizer->stream_decoder(false), {1 + 0xC3, 0, 1 + 0xA9}),
            (Strings{"", "\uFFFD<|eos|>", "\uFFFD", ""}));
}

TEST(Stream, RunOfByteTokensIsTextOrReplacementAsAWhole) {
  const auto tokenizer = load_text(fallback_tokenizer([](json&) {}));
  EXPECT_EQ(tokenizer->encode("a \u00E9"), (Ids{4, 2, 6 + 0xC3, 6 + 0xA9}));
  EXPECT_EQ(pushed(*tokenizer->stream_decoder(), {4, 2, 6 + 0xC3, 6 + 0xA9, 3}),
            (Strings{"a", " ", "", "", "\u00E9a", ""}));
  const Ids broken = byte_ids("\u00E9\xFF");
  EXPECT_EQ(tokenizer->decode(broken), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(pushed(*tokenizer->stream_decoder(), broken),
            (Strings{"", "", "", "\uFFFD\uFFFD\uFFFD"}));
}

TEST(Stream, StripsTheFirstSpaceOnceASequence) {
  const auto tokenizer = load_text(fallback_tokenizer([](json&) {}));
  const auto stream = tokenizer->stream_decoder();
  EXPECT_EQ(pushed(*stream, {2, 4, 4}), (Strings{"", " a", " a", ""}));
  EXPECT_EQ(pushed(*stream, {4, 4}), (Strings{"a", " a", ""}));
  EXPECT_EQ(tokenizer->decode(Ids{4, 4}), "a a");
}

TEST(Encode, SpecialTokensOfAStrangerStayText) {
  const auto tokenizer = load_text(small_tokenizer([](json& t) {
    t["added_tokens"] = {added_token(4, "abc", {"special"}), added_token(6, "cc")};
  }));
  EXPECT_EQ(tokenizer->encode("abcccb"), (Ids{4, 6, 1}));
  EXPECT_EQ(tokenizer->encode("abcccb", /*special_as_text=*/true), (Ids{0, 5, 6, 1}));
}

TEST(Encode, InvalidUtf8IsRefusedWithItsPlace) {
  const auto tokenizer = Tokenizer::bytes({});
  for (const char* bad : {"0123456789\xFF", "0123456789\xC0\x80", "0123456789\xED\xA0\x80",
                          "0123456789\xE2\x82", "0123456789\xF4\x90\x80\x80"})
    EXPECT_EQ(error_of([&] { tokenizer->encode(bad); }), "text is not valid UTF-8 at byte 10");
}

TEST(Encode, UnknownCharactersFollowTheBytesBetweenThem) {
  // "z" has all its bytes as tokens; of "\u00E9" one is missing, so it is unknown.
  const auto tokenizer = load_text(fallback_tokenizer([](json& t) {
    t["model"]["vocab"].erase("<0xC3>");
    t["normalizer"] = nullptr;
  }));
  EXPECT_EQ(tokenizer->encode("\u00E9zb"), (Ids{6 + 'z', 0, 5}));
  EXPECT_EQ(tokenizer->encode("\u00E9\u00E9b"), (Ids{0, 0, 5}));
}

TEST(Encode, WordsAreCutOnlyWhereNoMergeJoinsThem) {
  const auto tokenizer = load_text(fallback_tokenizer([](json& t) {
    t["model"]["vocab"]["b\u2581"] = 262;
    t["model"]["merges"] = {"b \u2581", "\u2581 a"};
  }));
  EXPECT_EQ(tokenizer->encode("b a a"), (Ids{2, 262, 3, 4}));
}

TEST(Encode, LongRunsTakeReasonableTime) {
  const std::string run(1000000, ' ');
  const auto fallback = load_text(fallback_tokenizer([](json&) {}));
  EXPECT_EQ(fallback->encode(run).size(), run.size() + 1);
  const auto bytes = load_text(small_tokenizer([](json& t) {
    t["model"]["vocab"]["\u0120"] = 6;
    t["model"]["vocab"]["\u0120\u0120"] = 7;
    t["model"]["merges"].push_back("\u0120 \u0120");
  }));
  EXPECT_EQ(bytes->encode(run).size(), run.size() / 2);
}

TEST(Utf8, UnfinishedEndsAreCounted) {
  EXPECT_EQ(unfinished_utf8(""), 0u);
  EXPECT_EQ(unfinished_utf8("a"), 0u);
  EXPECT_EQ(unfinished_utf8("\u00E9"), 0u);
  EXPECT_EQ(unfinished_utf8("a\xC3"), 1u);
  EXPECT_EQ(unfinished_utf8("a\xF0\x9F\x99"), 3u);
  EXPECT_EQ(unfinished_utf8("a\xE2\x82"), 2u);
  for (const char* broken :
       {"\x80", "\xFF", "\xC0", "\xE0\x80", "\xED\xA0", "\xF5\x80", "\xF0\x9F\x41"})
    EXPECT_EQ(unfinished_utf8(broken), 0u) << broken;
}

}  // namespace
}  // namespace cohort
