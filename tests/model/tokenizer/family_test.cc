// Whole families against PyPI `tokenizers`: ids, ids with special tokens as text, and the text of
// the ids, line by line. Goldens: tools/goldens/make_tokenizer_family_goldens.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "core/base/files.h"
#include "tests/model/tokenizer/tokenizer_test_support.h"

namespace cohort {
namespace {

using nlohmann::json;

const std::string kFamilies = kTokenizerGoldens + "families/";
const std::string kVocabularies = kSharedData + "vocab/";
constexpr size_t kSynthetic = 3000;

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::shared_ptr<const Tokenizer> from_recipe(json recipe, const json& vocabulary,
                                             const json& merges) {
  recipe["tokenizer"]["model"]["vocab"] = vocabulary;
  recipe["tokenizer"]["model"]["merges"] = merges;
  return load_text(recipe["tokenizer"].dump());
}

// vocab.json and merges.txt; the specials of the recipe are left to its added tokens.
std::shared_ptr<const Tokenizer> from_stand_in(const json& recipe, const std::string& vocabulary,
                                               const std::string& merges) {
  json words = json::parse(read_file(kVocabularies + vocabulary));
  for (const json& token : recipe["tokenizer"]["added_tokens"])
    words.erase(token["content"].get<std::string>());
  return from_recipe(recipe, words, split_lines(read_file(kVocabularies + merges)));
}

// Null where the vocabulary is not there.
std::shared_ptr<const Tokenizer> load_family(const std::string& name) {
  const json recipe = json::parse(read_file(kFamilies + name + ".json"));
  if (recipe.contains("small")) {
    const json small = json::parse(read_file(kFamilies + "small_vocab.json"));
    return from_recipe(recipe, small["vocab"], small["merges"]);
  }
  if (!path_exists(kVocabularies)) return nullptr;
  if (recipe.contains("folder"))
    return Tokenizer::load(kVocabularies + recipe["folder"].get<std::string>());
  if (recipe.contains("gguf"))
    return Tokenizer::load(kVocabularies + recipe["gguf"].get<std::string>());
  return from_stand_in(recipe, recipe["vocab"], recipe["merges"]);
}

class Fnv {
 public:
  void add(const void* data, size_t size) {
    for (size_t i = 0; i < size; ++i) byte(static_cast<const uint8_t*>(data)[i]);
    byte(0xFF);
  }
  void add(const std::vector<int32_t>& ids) { add(ids.data(), ids.size() * sizeof(int32_t)); }
  void add(const std::string& text) { add(text.data(), text.size()); }
  uint16_t folded() const {
    return static_cast<uint16_t>(hash_ ^ hash_ >> 16 ^ hash_ >> 32 ^ hash_ >> 48);
  }

 private:
  void byte(uint8_t value) { hash_ = (hash_ ^ value) * 0x100000001B3u; }
  uint64_t hash_ = 0xCBF29CE484222325u;
};

std::string streamed(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  const auto stream = tokenizer.stream_decoder();
  std::string text;
  for (int32_t id : ids) text += stream->push(id);
  return text + stream->finish();
}

class Family : public testing::TestWithParam<const char*> {};

TEST_P(Family, GivesTheIdsAndTextsOfTokenizers) {
  const std::string name = GetParam();
  const auto tokenizer = load_family(name);
  if (tokenizer == nullptr) GTEST_SKIP() << "no vocabularies in " << kVocabularies;
  std::vector<std::string> lines = synthetic_lines(kSynthetic);
  for (std::string& line : real_lines()) lines.push_back(std::move(line));
  const std::string golden = read_file(kFamilies + name + ".bin");
  ASSERT_GE(golden.size(), 2 * lines.size());
  size_t different = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::vector<int32_t> ids = tokenizer->encode(lines[i]);
    const std::string text = tokenizer->decode(ids);
    Fnv hash;
    hash.add(ids);
    hash.add(tokenizer->encode(lines[i], /*special_as_text=*/true));
    hash.add(text);
    hash.add(tokenizer->decode(ids, /*skip_special=*/true));
    const auto want = static_cast<uint16_t>(static_cast<uint8_t>(golden[2 * i]) |
                                            static_cast<uint8_t>(golden[2 * i + 1]) << 8);
    EXPECT_EQ(streamed(*tokenizer, ids), text) << json(lines[i]);
    if (hash.folded() == want) continue;
    if (++different <= 5) ADD_FAILURE() << "line " << i << ": " << json(lines[i]);
  }
  EXPECT_EQ(different, 0u) << "of " << lines.size();
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, Family,
                         testing::Values("deepseek_v3", "qwen3", "qwen2", "llama-bpe", "gpt-2",
                                         "starcoder", "deepseek-llm", "deepseek-coder", "llama-spm",
                                         "gemma", "llama2_new", "llama2_old", "metaspace",
                                         "metaspace_old", "metaspace_never", "split_0", "split_1",
                                         "split_2", "split_3", "split_4"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// The 46 strings that llama.cpp tests its tokenizers with; ids by Hugging Face.
struct Vectors {
  std::string ids, tokenizer;
};
class LlamaCppVectors : public testing::TestWithParam<Vectors> {};

TEST_P(LlamaCppVectors, AreEncodedAlike) {
  const std::string base = kVocabularies + "ggml-vocab-" + GetParam().ids + ".gguf";
  if (!path_exists(base + ".out")) GTEST_SKIP() << "no " << base << ".out";
  std::shared_ptr<const Tokenizer> tokenizer;
  if (GetParam().tokenizer.empty()) {
    tokenizer = Tokenizer::load(base);
  } else {
    const std::string folder = GetParam().tokenizer;
    const bool llama = folder.starts_with("llama");
    const json recipe =
        json::parse(read_file(kFamilies + (llama ? "llama-bpe.json" : "qwen2.json")));
    const std::string vocabulary = folder + (llama ? "/encoder.json" : "/vocab.json");
    if (!path_exists(kVocabularies + vocabulary)) GTEST_SKIP() << "no " << vocabulary;
    tokenizer = from_stand_in(recipe, vocabulary, folder + (llama ? "/vocab.bpe" : "/merges.txt"));
  }
  const std::string input = read_file(base + ".inp");
  const std::vector<std::string> want = split_lines(read_file(base + ".out"));
  const std::string separator = "\n__ggml_vocab_test__\n";
  size_t begin = 0, count = 0;
  for (size_t end; (end = input.find(separator, begin)) != std::string::npos;
       begin = end + separator.size(), ++count) {
    std::istringstream numbers(want.at(count));
    std::vector<int32_t> ids;
    for (int32_t id; numbers >> id;) ids.push_back(id);
    const std::string text = input.substr(begin, end - begin);
    EXPECT_EQ(tokenizer->encode(text), ids) << json(text);
  }
  EXPECT_EQ(count, 46u);
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, LlamaCppVectors,
                         testing::Values(Vectors{"gpt-2", ""}, Vectors{"starcoder", ""},
                                         Vectors{"deepseek-llm", ""}, Vectors{"deepseek-coder", ""},
                                         Vectors{"llama-spm", ""}, Vectors{"qwen2", "qwen2"},
                                         Vectors{"deepseek-r1-qwen", "qwen2"},
                                         Vectors{"llama-bpe", "llama3.2"}),
                         [](const auto& info) {
                           std::string name = info.param.ids;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace cohort
