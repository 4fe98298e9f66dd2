// Goldens: PyPI `tokenizers`, by tools/goldens/make_tokenizer_goldens.py.
#include "model/tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include "core/base/files.h"
#include "model/tokenizer/utf8.h"
#include "tests/model/tokenizer/tokenizer_test_support.h"

namespace cohort {
namespace {

using nlohmann::json;

const std::string& kGoldens = kTokenizerGoldens;
const std::vector<std::string> kSpecials = {"<pad>",    "<|user|>", "<|assistant|>", "<think>",
                                            "</think>", "<answer>", "</answer>",     "<|eos|>"};
const std::string kCharacters = "0123456789+-*/=,() .abcdefghijklmnopqrstuvwxyz?:";

void expect_cases(const Tokenizer& tokenizer, const std::string& name) {
  const json cases = json::parse(read_file(kGoldens + name + "/cases.json"));
  ASSERT_FALSE(cases["encode"].empty());
  for (const json& row : cases["encode"]) {
    const auto text = row["text"].get<std::string>();
    const auto ids = row["ids"].get<std::vector<int32_t>>();
    EXPECT_EQ(tokenizer.encode(text), ids) << row["text"];
    EXPECT_EQ(tokenizer.decode(ids), row["decoded"].get<std::string>());
    EXPECT_EQ(tokenizer.decode(ids, /*skip_special=*/true), row["plain"].get<std::string>());
  }
  for (const json& row : cases["decode"])
    EXPECT_EQ(tokenizer.decode(row["ids"].get<std::vector<int32_t>>()),
              row["decoded"].get<std::string>());
}

TEST(Tokenizer, Gpt2StyleMatchesTokenizers) {
  expect_cases(*Tokenizer::load(kGoldens + "bpe_gpt2"), "bpe_gpt2");
}

TEST(Tokenizer, SplitSequenceMatchesTokenizers) {
  expect_cases(*Tokenizer::load(kGoldens + "bpe_splits"), "bpe_splits");
}

TEST(Tokenizer, CharactersMatchTokenizers) {
  const auto tokenizer = Tokenizer::characters(kCharacters, kSpecials);
  EXPECT_EQ(tokenizer->vocab_size(), 56);
  EXPECT_EQ(tokenizer->eos_id(), 7);
  EXPECT_EQ(tokenizer->pad_id(), 0);
  EXPECT_EQ(tokenizer->id_of("0"), 8);
  EXPECT_EQ(tokenizer->id_of("</think>"), 4);
  EXPECT_EQ(tokenizer->id_of("Z"), -1);
  expect_cases(*tokenizer, "characters");
}

TEST(Tokenizer, BytesMatchTokenizers) {
  const auto tokenizer = Tokenizer::bytes(kSpecials);
  EXPECT_EQ(tokenizer->vocab_size(), 264);
  EXPECT_EQ(tokenizer->encode("A\n"), (std::vector<int32_t>{8 + 'A', 8 + '\n'}));
  expect_cases(*tokenizer, "bytes");
}

// The library gives 6 alone for the first, and fails for the second.
TEST(Tokenizer, WhiteSpaceThatATokenHasTakenIsNoTokenOfItsOwn) {
  const auto tokenizer = load_text(small_tokenizer([](json& file) {
    file["added_tokens"] = {added_token(6, " ", {"lstrip", "rstrip"}),
                            added_token(7, "x", {"rstrip"}), added_token(8, "\n\n", {"lstrip"})};
  }));
  EXPECT_EQ(tokenizer->encode("a   b"), (std::vector<int32_t>{0, 6, 1}));
  EXPECT_EQ(tokenizer->encode("x\n\n\na"), (std::vector<int32_t>{7, 0}));
}

// As in tokenizers 0.23.
TEST(Tokenizer, ANormalizedAddedTokenDecodesToItsNormalizedText) {
  const auto tokenizer = load_text(small_tokenizer([](json& file) {
    file["normalizer"] = {{"type", "Replace"}, {"pattern", {{"String", "b"}}}, {"content", "d"}};
    file["added_tokens"] = {added_token(6, "cab", {"normalized"}), added_token(7, "bb")};
  }));
  const std::vector<int32_t> ids = tokenizer->encode("bbcab");
  EXPECT_EQ(ids, (std::vector<int32_t>{7, 6}));
  EXPECT_EQ(tokenizer->decode(ids), "bbcad");
  EXPECT_EQ(tokenizer->id_of("cab"), 6);
}

TEST(Tokenizer, SavedBuiltInReadsBackByteForByte) {
  TemporaryFolder first, second;
  Tokenizer::characters(kCharacters, kSpecials)->save(first.path());
  const auto loaded = Tokenizer::load(first.path());
  EXPECT_EQ(loaded->eos_id(), 7);
  expect_cases(*loaded, "characters");
  loaded->save(second.path());
  for (const char* name : {"/tokenizer.json", "/tokenizer_config.json"})
    EXPECT_EQ(read_file(second.path() + name), read_file(first.path() + name));
}

TEST(Tokenizer, UnknownCharacterIsNamed) {
  const auto tokenizer = Tokenizer::characters("abc", {"<|eos|>"});
  EXPECT_EQ(error_of([&] { tokenizer->encode("abé"); }),
            "the tokenizer has no token for the character 'é' (U+00E9)");
  EXPECT_EQ(error_of([&] { tokenizer->encode("a\nb"); }),
            "the tokenizer has no token for the character U+000A");
  EXPECT_EQ(error_of([&] { tokenizer->encode("a\xFF"); }), "text is not valid UTF-8 at byte 1");
}

TEST(Tokenizer, WithoutSpecialsThereIsNoEos) {
  const auto tokenizer = Tokenizer::characters("abc", {});
  EXPECT_EQ(tokenizer->eos_id(), -1);
  EXPECT_EQ(tokenizer->pad_id(), -1);
}

TEST(Tokenizer, RepeatedTokenIsAConfigError) {
  EXPECT_THROW(Tokenizer::characters("aa", {}), ConfigError);
  EXPECT_THROW(Tokenizer::characters("a", {"<x>", "<x>"}), ConfigError);
  EXPECT_THROW(Tokenizer::characters("é", {}), ConfigError);
}

TEST(Tokenizer, NormalizerComposesTextAndItsAddedTokens) {
  const auto nfc = load_text(small_tokenizer([](json& t) {
    t["normalizer"] = {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}}}};
    t["added_tokens"] = {added_token(6, "e\u0301", {"normalized"}), added_token(7, "o\u0301")};
  }));
  EXPECT_EQ(nfc->encode("a\u00E9a"), (std::vector<int32_t>{0, 6, 0}));
  EXPECT_EQ(nfc->encode("ae\u0301"), (std::vector<int32_t>{0, 6}));
  EXPECT_EQ(nfc->encode("o\u0301"), (std::vector<int32_t>{7}));
  EXPECT_EQ(nfc->encode("a\u00F3b"), (std::vector<int32_t>{3}));  // composed: no longer the token
}

TEST(Tokenizer, LowestRankMergesFirst) {
  // "b c" ranks before "a b", so abc is a + bc; ignore_merges takes the whole piece.
  EXPECT_EQ(load_text(small_tokenizer([](json&) {}))->encode("abc"), (std::vector<int32_t>{0, 5}));
  const auto whole =
      load_text(small_tokenizer([](json& t) { t["model"]["ignore_merges"] = true; }));
  EXPECT_EQ(whole->encode("abc"), (std::vector<int32_t>{4}));
}

TEST(Tokenizer, LongPieceMergesInReasonableTime) {
  const auto tokenizer = load_text(small_tokenizer([](json&) {}));
  EXPECT_EQ(tokenizer->encode(std::string(200000, 'a')).size(), 200000u);
}

TEST(Tokenizer, UnsupportedComponentsAreNamed) {
  const auto refused = [](const char* named, const std::function<void(json&)>& change) {
    const std::string error = error_of([&] { load_text(small_tokenizer(change)); });
    EXPECT_NE(error.find(named), std::string::npos) << error;
  };
  refused("BertPreTokenizer", [](json& t) { t["pre_tokenizer"] = {{"type", "BertPreTokenizer"}}; });
  refused("after ByteLevel", [](json& t) {
    t["pre_tokenizer"] = {
        {"type", "Sequence"},
        {"pretokenizers", {t["pre_tokenizer"], {{"type", "Digits"}, {"individual_digits", true}}}}};
  });
  refused("add_prefix_space is missing", [](json& t) {
    t["pre_tokenizer"] = {{"type", "ByteLevel"}};
  });
  refused("behavior Sideways", [](json& t) {
    t["pre_tokenizer"] = {{"type", "Split"},
                          {"pattern", {{"String", "x"}}},
                          {"behavior", "Sideways"},
                          {"invert", false}};
  });
  refused("normalizer Lowercase", [](json& t) { t["normalizer"] = {{"type", "Lowercase"}}; });
  refused("truncation", [](json& t) { t["truncation"] = {{"max_length", 4}}; });
  refused("surprise", [](json& t) { t["surprise"] = 1; });
  refused("WordPiece", [](json& t) { t["model"]["type"] = "WordPiece"; });
  refused("byte_fallback", [](json& t) { t["model"]["byte_fallback"] = true; });
  refused("unk_token", [](json& t) { t["model"]["unk_token"] = "a"; });
  refused("dropout", [](json& t) { t["model"]["dropout"] = 0.1; });
  refused("decoder WordPiece", [](json& t) { t["decoder"] = {{"type", "WordPiece"}}; });
  refused("decoder null", [](json& t) { t["decoder"] = nullptr; });
  refused("merge 1", [](json& t) { t["model"]["merges"] = {"b c", "a z"}; });
  refused("merge 0 is 'a b c'", [](json& t) { t["model"]["merges"] = {"a b c"}; });
  refused("another token has", [](json& t) { t["model"]["vocab"]["z"] = 1; });
  refused("expected an integer in [0,", [](json& t) { t["model"]["vocab"]["z"] = 1 << 30; });
  refused("its place makes it 6", [](json& t) { t["added_tokens"] = {added_token(9, "<x>")}; });
  refused("its place makes it 3", [](json& t) { t["added_tokens"] = {added_token(6, "ab")}; });
  refused("listed twice", [](json& t) {
    t["added_tokens"] = {added_token(6, "<x>"), added_token(6, "<x>")};
  });
  refused("special is missing", [](json& t) {
    t["added_tokens"] = {added_token(6, "<x>")};
    t["added_tokens"][0].erase("special");
  });
}

TEST(Tokenizer, MissingOrBrokenFilesAreNamed) {
  TemporaryFolder folder;
  EXPECT_NE(error_of([&] { Tokenizer::load(folder.path()); }).find("has no tokenizer.json"),
            std::string::npos);
  EXPECT_NE(error_of([&] { load_text("{"); }).find("is not a JSON object"), std::string::npos);
}

TEST(Utf8, BrokenSequencesAreReplacedByMaximalSubparts) {
  EXPECT_EQ(to_valid_utf8("a\xE2\x82z"), "a\uFFFDz");
  EXPECT_EQ(to_valid_utf8("\xF0\x9F\x99\x82"), "🙂");
  EXPECT_EQ(to_valid_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");  // a surrogate
  EXPECT_EQ(to_valid_utf8("\xC0\x80"), "\uFFFD\uFFFD");            // overlong
}

}  // namespace
}  // namespace cohort
