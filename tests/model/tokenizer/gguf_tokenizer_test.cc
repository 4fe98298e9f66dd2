#include <gtest/gtest.h>

#include "core/base/files.h"
#include "core/io/gguf.h"
#include "model/tokenizer/gguf_pretokenizers.h"
#include "tests/model/tokenizer/tokenizer_test_support.h"

namespace cohort {
namespace {

using Ids = std::vector<int32_t>;
using Strings = std::vector<std::string>;

struct Vocabulary {
  std::string model = "gpt2", pre = "gpt-2";
  Strings tokens = {"a", "b", "ab", "\u0120", "<|eot|>", "word up", "[PAD6]"};
  std::vector<int32_t> types = {1, 1, 1, 1, 3, 4, 5};
  Strings merges = {"a b"};
  std::vector<float> scores = {};
};

GgufMetadata metadata_of(const Vocabulary& v) {
  GgufMetadata metadata("FILE.gguf");
  metadata.add("tokenizer.ggml.model", v.model);
  metadata.add("tokenizer.ggml.pre", v.pre);
  metadata.add("tokenizer.ggml.tokens", v.tokens);
  metadata.add("tokenizer.ggml.token_type", v.types);
  metadata.add("tokenizer.ggml.merges", v.merges);
  if (!v.scores.empty()) metadata.add("tokenizer.ggml.scores", v.scores);
  return metadata;
}

Vocabulary scored() {
  return {.model = "llama",
          .pre = "default",
          .tokens = {"<unk>", "<s>", "<0x0A>", "\u2581", "a", "b", "ab", "\u2581a", "ba"},
          .types = {2, 3, 6, 1, 1, 1, 1, 1, 1},
          .scores = {0, 0, 0, -9, -9, -9, -2, -1, -3}};
}

TEST(GgufTokenizer, TypesSayWhatATokenIs) {
  GgufMetadata metadata = metadata_of({});
  metadata.add("tokenizer.ggml.eos_token_id", uint32_t{4});
  metadata.add("tokenizer.ggml.padding_token_id", uint32_t{6});
  const auto tokenizer = Tokenizer::from_gguf(metadata);
  EXPECT_EQ(tokenizer->encode("ab ba<|eot|>word up"), (Ids{2, 3, 1, 0, 4, 5}));
  EXPECT_EQ(tokenizer->encode("a<|eot|>", true), Ids{0});  // nothing stands for < | e o t >
  EXPECT_EQ(tokenizer->decode(Ids{2, 3, 5, 4}, /*skip_special=*/true), "ab word up");
  EXPECT_EQ(tokenizer->eos_id(), 4);
  EXPECT_EQ(tokenizer->bos_id(), -1);
  EXPECT_EQ(tokenizer->pad_id(), -1);  // a row that fills up is no token
  EXPECT_EQ(tokenizer->id_of("[PAD6]"), -1);
  EXPECT_EQ(tokenizer->decode(Ids{6}), "");
}

TEST(GgufTokenizer, HighestScoreIsJoinedFirst) {
  GgufMetadata metadata = metadata_of(scored());
  metadata.add("tokenizer.ggml.unknown_token_id", uint32_t{0});
  const auto tokenizer = Tokenizer::from_gguf(metadata);
  EXPECT_EQ(tokenizer->encode("ab"), (Ids{7, 5}));      // the space with a, before a with b
  EXPECT_EQ(tokenizer->encode("bab"), (Ids{3, 5, 6}));  // ab before ba
  EXPECT_EQ(tokenizer->encode("b\n<s>"), (Ids{3, 5, 2, 1}));
  EXPECT_EQ(tokenizer->encode("z"), (Ids{3, 0}));
  EXPECT_EQ(tokenizer->decode(Ids{7, 5, 7}), "ab a");
}

TEST(GgufTokenizer, SpaceBeforeTextIsAnOption) {
  GgufMetadata metadata = metadata_of(scored());
  metadata.add("tokenizer.ggml.add_space_prefix", false);
  const auto tokenizer = Tokenizer::from_gguf(metadata);
  EXPECT_EQ(tokenizer->encode("ab ab"), (Ids{6, 7, 5}));
  EXPECT_EQ(tokenizer->decode(Ids{7}), " a");
}

TEST(GgufTokenizer, WholeTokenizerIsPreferred) {
  GgufMetadata metadata = metadata_of({});
  metadata.add("tokenizer.huggingface.json", small_tokenizer([](auto&) {}));
  EXPECT_EQ(Tokenizer::from_gguf(metadata)->encode("abc"), (Ids{0, 5}));
}

TEST(GgufTokenizer, SavesAsAHuggingFaceFolder) {
  GgufMetadata metadata = metadata_of(scored());
  metadata.add("tokenizer.ggml.bos_token_id", int32_t{1});
  metadata.add("tokenizer.ggml.add_bos_token", true);
  metadata.add("tokenizer.chat_template", std::string("{{ messages }}"));
  TemporaryFolder folder;
  Tokenizer::from_gguf(metadata)->save(folder.path());
  const auto loaded = Tokenizer::load(folder.path());
  EXPECT_EQ(loaded->encode("bab"), (Ids{3, 5, 6}));
  EXPECT_EQ(loaded->bos_id(), 1);
  const auto config = nlohmann::json::parse(read_file(folder.path() + "/tokenizer_config.json"));
  EXPECT_EQ(config["add_bos_token"], true);
  EXPECT_EQ(config["bos_token"], "<s>");
  EXPECT_EQ(config["chat_template"], "{{ messages }}");
}

TEST(GgufTokenizer, NamedTemplatesGoBothWays) {
  GgufMetadata metadata = metadata_of({});
  metadata.add("tokenizer.chat_template", std::string("usual"));
  metadata.add("tokenizer.chat_templates", std::vector<std::string>{"tool_use"});
  metadata.add("tokenizer.chat_template.tool_use", std::string("tools"));
  const auto tokenizer = Tokenizer::from_gguf(metadata);
  const auto config = nlohmann::json::parse(tokenizer->files().at("tokenizer_config.json"));
  EXPECT_EQ(config["chat_template"].size(), 2u);
  EXPECT_EQ(config["chat_template"][0]["template"], "usual");
  EXPECT_EQ(config["chat_template"][1]["name"], "tool_use");
  EXPECT_EQ(config["chat_template"][1]["template"], "tools");
  GgufMetadata again("again");
  tokenizer->write_gguf(tokenizer->vocab_size(), again);
  for (const char* key : {"tokenizer.chat_template", "tokenizer.chat_template.tool_use"})
    EXPECT_EQ(again.string(key), metadata.string(key));
  EXPECT_EQ(again.strings("tokenizer.chat_templates"), std::vector<std::string>{"tool_use"});

  GgufMetadata lacks = metadata_of({});
  lacks.add("tokenizer.chat_templates", std::vector<std::string>{"rag"});
  const std::string error = error_of([&] { Tokenizer::from_gguf(lacks); });
  EXPECT_NE(error.find("tokenizer.chat_template.rag"), std::string::npos) << error;
}

TEST(GgufTokenizer, EveryNamedPretokenizerLoads) {
  for (const char* name :
       {"gpt-2", "smollm", "starcoder", "llama-bpe", "llama3", "llama-v3", "qwen2",
        "deepseek-r1-qwen", "deepseek-v3", "deepseek-llm", "deepseek-coder"})
    EXPECT_NO_THROW(Tokenizer::from_gguf(metadata_of({.pre = name}))) << name;
  EXPECT_TRUE(gguf_pretokenizer("qwen3").is_null());
}

TEST(GgufTokenizer, FaultsNameFileAndKey) {
  const auto refused = [](const char* named, Vocabulary vocabulary) {
    const std::string error = error_of([&] { Tokenizer::from_gguf(metadata_of(vocabulary)); });
    EXPECT_EQ(error.find("FILE.gguf"), 0u) << error;
    EXPECT_NE(error.find(named), std::string::npos) << error;
  };
  refused("tokenizer.ggml.pre mystery is not supported", {.pre = "mystery"});
  refused("tokenizer.ggml.model is bert", {.model = "bert"});
  refused("token_type has 1 entries for 7 tokens", {.types = {1}});
  refused("token_type of token 1 is 9", {.types = {1, 9, 1, 1, 3, 4, 5}});
  refused("token a at 0 and 1", {.tokens = {"a", "a", "ab", "\u0120", "x", "y", "z"}});
  refused("tokenizer.ggml.tokens has '\uFFFD', which is not UTF-8",
          {.tokens = {"a", "\xFF", "ab", "\u0120", "x", "y", "z"}});
  refused("merge 0", {.merges = {"a z"}});
  Vocabulary bad = scored();
  bad.scores.pop_back();
  refused("scores has 8 entries for 9 tokens", bad);
  bad = scored();
  bad.scores[4] = NAN;
  refused("scores of token 4 is nan", bad);
  EXPECT_NE(error_of([] {
              Tokenizer::from_gguf(GgufMetadata("FILE.gguf"));
            }).find("tokenizer.ggml.tokens"),
            std::string::npos);
}

}  // namespace
}  // namespace cohort
