// A tokenizer through the metadata of a GGUF file: the same ids again.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/error.h"
#include "core/io/gguf.h"
#include "model/tokenizer/gguf_pretokenizers.h"
#include "tests/model/tokenizer/tokenizer_test_support.h"

namespace cohort {
namespace {

constexpr const char* kText =
    "Hello World, it's 12345 o'clock!\n\n\tdef f(x):  return x**2 # \u00fcber \u4f60\u597d "
    "\U0001F600 a_b.c  ";

std::shared_ptr<const Tokenizer> written(const Tokenizer& tokenizer, int64_t rows,
                                         GgufMetadata& metadata) {
  tokenizer.write_gguf(rows, metadata);
  return Tokenizer::from_gguf(metadata);
}

class WriteGguf : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(WriteGguf, AWholeFamilyKeepsItsIds) {
  const std::string path = kSharedData + "vocab/" + GetParam().first;
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  const auto tokenizer = Tokenizer::load(path);
  GgufMetadata metadata("written");
  const auto again = written(*tokenizer, tokenizer->vocab_size() + 3, metadata);
  EXPECT_EQ(metadata.string("tokenizer.ggml.pre"), GetParam().second);
  EXPECT_EQ(again->encode(kText), tokenizer->encode(kText));
  EXPECT_EQ(again->vocab_size(), tokenizer->vocab_size());
  EXPECT_EQ(again->eos_id(), tokenizer->eos_id());
  EXPECT_EQ(again->bos_id(), tokenizer->bos_id());
  if (!path.ends_with(".gguf")) return;
  // Token by token and merge by merge what the file had.
  const auto file = GgufFile::open(path);
  const auto& tokens = file->metadata().strings("tokenizer.ggml.tokens");
  const auto& wrote = metadata.strings("tokenizer.ggml.tokens");
  for (size_t id = 0; id < static_cast<size_t>(tokenizer->vocab_size()); ++id)
    ASSERT_EQ(wrote[id], tokens[id]) << id;
  if (file->metadata().contains("tokenizer.ggml.merges")) {
    EXPECT_EQ(metadata.strings("tokenizer.ggml.merges"),
              file->metadata().strings("tokenizer.ggml.merges"));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Families, WriteGguf,
    testing::Values(std::pair{"ggml-vocab-gpt-2.gguf", "gpt-2"},
                    std::pair{"ggml-vocab-starcoder.gguf", "smollm"},
                    std::pair{"ggml-vocab-deepseek-llm.gguf", "deepseek-llm"},
                    std::pair{"ggml-vocab-deepseek-coder.gguf", "deepseek-coder"},
                    std::pair{"ggml-vocab-llama-spm.gguf", "default"},
                    std::pair{"deepseek_v3", "deepseek-v3"}, std::pair{"qwen3", "qwen2"}),
    [](const auto& info) {
      std::string name = info.param.first;
      std::replace_if(
          name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
      return name;
    });

TEST(WriteGgufOfOurs, CharactersKeepTheirIds) {
  const auto tokenizer = Tokenizer::characters("0123456789+= ", {"<pad>", "<|eos|>"});
  GgufMetadata metadata("written");
  const auto again = written(*tokenizer, tokenizer->vocab_size(), metadata);
  EXPECT_EQ(again->encode("12 + 7 = 19<|eos|>"), tokenizer->encode("12 + 7 = 19<|eos|>"));
  EXPECT_EQ(again->decode(again->encode("1 + 2")), "1 + 2");
}

TEST(WriteGgufOfOurs, SpareRowsAreUnusedTokens) {
  const auto tokenizer = Tokenizer::bytes({"<eos>"});
  GgufMetadata metadata("written");
  tokenizer->write_gguf(259, metadata);
  EXPECT_EQ(metadata.strings("tokenizer.ggml.tokens").size(), 259u);
  EXPECT_EQ(metadata.strings("tokenizer.ggml.tokens").back(), "[PAD258]");
  EXPECT_EQ(metadata.integers("tokenizer.ggml.token_type").back(), 5);
  GgufMetadata small("written");
  EXPECT_THROW(tokenizer->write_gguf(100, small), InputError);
}

}  // namespace
}  // namespace cohort
