#include "trainer/end_ids.h"

#include <gtest/gtest.h>

#include "core/base/error.h"

namespace cohort {
namespace {

TEST(EndIds, JoinsTheTokenizersEndAndThoseOfTheModelsFiles) {
  const auto tokenizer = Tokenizer::bytes({"<pad>", "<|eos|>"});
  const int64_t eos = tokenizer->eos_id();
  ASSERT_GE(eos, 0);
  ASSERT_LT(eos, 500);
  ModelConfig config;
  EXPECT_EQ(end_ids(*tokenizer, config), std::vector<int64_t>{eos});
  config.hf_files[kHfConfig] = R"({"eos_token_id": 502})";
  EXPECT_EQ(end_ids(*tokenizer, config), (std::vector<int64_t>{eos, 502}));
  config.hf_files[kHfGenerationConfig] = R"({"eos_token_id": [501, 502]})";
  EXPECT_EQ(end_ids(*tokenizer, config), (std::vector<int64_t>{eos, 501, 502}));
  config.hf_files[kHfGenerationConfig] = R"({"eos_token_id": null, "do_sample": true})";
  EXPECT_EQ(end_ids(*tokenizer, config), (std::vector<int64_t>{eos, 502}));
}

TEST(EndIds, AFileThatNamesNoIdsIsAnError) {
  const auto tokenizer = Tokenizer::bytes({"<|eos|>"});
  for (const char* text :
       {"", "[2]", R"({"eos_token_id": "</s>"})", R"({"eos_token_id": [1.5]})"}) {
    ModelConfig config;
    config.hf_files[kHfGenerationConfig] = text;
    EXPECT_THROW(end_ids(*tokenizer, config), InputError) << text;
  }
}

}  // namespace
}  // namespace cohort
