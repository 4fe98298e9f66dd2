// What a copy may differ in is seen, told where, and measured as its definition says.
#include "trainer/model_comparison.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/sequence_logits.h"
#include "tests/trainer/toy.h"
#include "trainer/verification_texts.h"

namespace cohort {
namespace {

float* values_of(ParameterStore& store, const std::string& name) {
  return store.tensor(name).mutable_data_ptr<float>();
}

TEST(ModelComparison, ACopyIsAtNoDistance) {
  toy::Policy source(toy::model_config(/*mtp=*/true)), copy(toy::model_config(/*mtp=*/true));
  EXPECT_EQ(compare_configs(source.store.config(), copy.store.config()), "");
  const WeightDistance weights = compare_weights(source.store, copy.store);
  EXPECT_EQ(weights.error, 0);
  EXPECT_EQ(weights.tensor, "");
  const LogitDistance logits =
      compare_logits(*source.decoder, *copy.decoder, {{1, 2, 3, 4, 5}, {6, 7}});
  EXPECT_EQ(logits.tokens, 7);
  EXPECT_EQ(logits.nmse, 0);
  EXPECT_EQ(logits.top1, 1);
  EXPECT_EQ(logits.mean_kl, 0);
  EXPECT_EQ(logits.max_kl, 0);
}

TEST(ModelComparison, TheRowThatIsFurthestAwayIsFound) {
  toy::Policy source(toy::model_config()), copy(toy::model_config());
  const std::string name = "model.layers.1.mlp.experts.3.down_proj.weight";
  const int64_t columns = source.store.tensor(name).size(1);
  float* row = values_of(copy.store, name) + 5 * columns;
  for (int64_t i = 0; i < columns; ++i) row[i] = -row[i];
  values_of(copy.store, "model.embed_tokens.weight")[7] *= 1.001f;
  const WeightDistance weights = compare_weights(source.store, copy.store);
  EXPECT_EQ(weights.tensor, name);
  // The difference is twice the row; the row is about as large as its tensor.
  EXPECT_GT(weights.error, 1);
  EXPECT_LE(weights.error, 2);
}

TEST(ModelComparison, ARouterBiasIsAWeight) {
  toy::Policy source(toy::model_config()), copy(toy::model_config());
  const std::string name = source.store.buffers().begin()->first;
  source.store.buffers().at(name).fill_(0.5f);
  copy.store.buffers().at(name).fill_(0.25f);
  const WeightDistance weights = compare_weights(source.store, copy.store);
  EXPECT_EQ(weights.tensor, name);
  EXPECT_DOUBLE_EQ(weights.error, 0.5);
}

TEST(ModelComparison, ACopyWithoutMtpIsComparedWithoutIt) {
  toy::Policy source(toy::model_config(/*mtp=*/true)), copy(toy::model_config(/*mtp=*/false));
  copy.store.flat().copy_(source.store.flat().narrow(0, 0, copy.store.numel()));
  EXPECT_EQ(compare_configs(source.store.config(), copy.store.config()), "");
  EXPECT_EQ(compare_weights(source.store, copy.store).error, 0);
}

TEST(ModelComparison, AKeyOfAnotherValueIsNamed) {
  const ModelConfig source = toy::model_config();
  ModelConfig copy = source;
  copy.rms_norm_eps = 1.00000001e-6;  // as fp32 it is the same
  copy.eos_token_id = 3;
  EXPECT_EQ(compare_configs(source, copy), "");
  copy.routed_scaling_factor = 2.5;
  EXPECT_EQ(compare_configs(source, copy), "routed_scaling_factor is 2.5, the source's is 1.0");
}

TEST(ModelComparison, WhatFollowsFromOtherKeysMayBeLeftOut) {
  ModelConfig source = toy::model_config();
  source.arch = "qwen2";
  source.first_k_dense_replace = source.num_hidden_layers;
  ModelConfig copy = source;
  copy.head_dim = copy.hidden_size / copy.num_attention_heads;
  copy.layer_types = {"full_attention", "full_attention"};
  copy.sliding_window = 16;
  EXPECT_EQ(compare_configs(source, copy), "");
  copy.layer_types[1] = "sliding_attention";
  EXPECT_NE(compare_configs(source, copy), "");
}

// Q gives each of V tokens the same probability, P nearly all to one token a row.
TEST(ModelComparison, LogitsAreComparedAsDefined) {
  ModelConfig config = toy::model_config();
  toy::Policy source(config), copy(config);
  float* head = values_of(copy.store, "lm_head.weight");
  std::fill_n(head, copy.store.tensor("lm_head.weight").numel(), 0.0f);
  copy.store.touch();
  const std::vector<int32_t> ids = {1, 2, 3};
  const LogitDistance logits = compare_logits(*source.decoder, *copy.decoder, {ids});
  EXPECT_DOUBLE_EQ(logits.nmse, 1);  // all of the source's power
  // KL(P || uniform) = log V - entropy of P.
  double mean = 0, most = 0;
  const at::Tensor z = sequence_logits(*source.decoder, ids);
  for (int64_t row = 0; row < 3; ++row) {
    double sum = 0, weighted = 0;
    for (int64_t v = 0; v < config.vocab_size; ++v) {
      const double logit = z.const_data_ptr<float>()[row * config.vocab_size + v];
      sum += std::exp(logit);
      weighted += std::exp(logit) * logit;
    }
    const double kl =
        std::log(static_cast<double>(config.vocab_size)) + weighted / sum - std::log(sum);
    mean += kl / 3;
    most = std::max(most, kl);
  }
  EXPECT_NEAR(logits.mean_kl, mean, 1e-9);
  EXPECT_NEAR(logits.max_kl, most, 1e-9);
}

TEST(ModelComparison, TokenizersAreToldApart) {
  const std::vector<std::string> special = {"<pad>", "<|eos|>"};
  const auto source = Tokenizer::characters("abc", special);
  EXPECT_EQ(compare_tokenizers(*source, *Tokenizer::characters("abc", special), {"abc", "cab"})
                .first_fault,
            "");
  const TextDistance other =
      compare_tokenizers(*source, *Tokenizer::characters("acb", special), {"a", "abc", "cab"});
  EXPECT_EQ(other.texts, 3);
  EXPECT_EQ(other.ids, 7);
  EXPECT_EQ(other.differing, 2);
  EXPECT_EQ(other.first_fault, "the text \"abc\" gives other ids");
  EXPECT_NE(compare_tokenizers(*source, *Tokenizer::characters("abd", special), {"abc"})
                .first_fault.find("cannot be encoded"),
            std::string::npos);
  EXPECT_EQ(compare_tokenizers(*source, *Tokenizer::characters("abc", {"<|eos|>", "<pad>"}), {})
                .first_fault,
            "eos is 0, the source's is 1");
  EXPECT_EQ(compare_tokenizers(*source, *Tokenizer::characters("abcd", special), {}).first_fault,
            "the number of tokens is 6, the source's is 5");
}

TEST(VerificationTexts, HoldOnlyWhatTheTokenizerKnows) {
  const auto few = Tokenizer::characters("e 1", {"<|eos|>"});
  const std::vector<std::string> texts = verification_texts(*few);
  ASSERT_FALSE(texts.empty());
  for (const std::string& text : texts)
    EXPECT_EQ(text.find_first_not_of("e 1"), std::string::npos) << text;
  const auto all = Tokenizer::bytes({"<|eos|>"});
  EXPECT_EQ(verification_texts(*all).size(), 11u);
  EXPECT_NE(vocabulary_texts(*all).at(0).find("<|eos|>"), std::string::npos);
}

}  // namespace
}  // namespace cohort
