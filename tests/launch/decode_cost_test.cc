#include "launch/commands/decode_cost.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

ModelConfig llama() {
  ModelConfig c;
  c.arch = "llama";
  c.vocab_size = 100;
  c.hidden_size = 8;
  c.intermediate_size = 16;
  c.num_hidden_layers = c.first_k_dense_replace = 2;
  c.num_attention_heads = 4;
  c.num_key_value_heads = 2;
  c.head_dim = 6;
  return c;
}

TEST(DecodeCost, ADenseStepReadsEveryWeightOnceAndItsKeys) {
  ModelConfig config = llama();
  config.tie_word_embeddings = true;
  const ParameterStore store(config, at::kFloat);
  // q, k and v; o; gate, up and down
  const double matrices = 2 * (8 * 8 * 6 + 8 * 4 * 6 + 3 * 8 * 16) + 100 * 8;
  const double norms = 5 * 8;
  const DecodeCost cost = decode_cost(store, 3, 10.5);
  EXPECT_EQ(cost.weight_bytes, 4 * (matrices + norms));
  EXPECT_EQ(cost.flop, 3 * 2 * matrices);
  EXPECT_EQ(cost.key_bytes, 3 * 10.5 * 2 * (2 * 2 * 6) * 4);  // layers, heads of k and v
}

TEST(DecodeCost, AnEmbeddingBesideAHeadIsLookedUpAndNotRead) {
  const double tied = [] {
    ModelConfig config = llama();
    config.tie_word_embeddings = true;
    return decode_cost(ParameterStore(config, at::kBFloat16), 1, 0).weight_bytes;
  }();
  EXPECT_EQ(decode_cost(ParameterStore(llama(), at::kBFloat16), 1, 0).weight_bytes, tied);
}

TEST(DecodeCost, RowsShareTheExpertsThatTheyChoose) {
  ModelConfig config;  // DeepSeek's: 8 experts, 2 a row
  config.vocab_size = 64;
  config.num_hidden_layers = 2;
  config.num_nextn_predict_layers = 1;  // of no account
  const ParameterStore store(config, at::kFloat);
  const double expert = 3.0 * 64 * 128;
  const DecodeCost one = decode_cost(store, 1, 0), two = decode_cost(store, 2, 0),
                   many = decode_cost(store, 1000, 0);
  EXPECT_DOUBLE_EQ(two.weight_bytes - one.weight_bytes, 4 * expert * (8 * (1 - 0.75 * 0.75) - 2));
  EXPECT_NEAR(many.weight_bytes - one.weight_bytes, 4 * expert * 6, 1);
  EXPECT_DOUBLE_EQ(two.flop, 2 * one.flop);
}

}  // namespace
}  // namespace cohort
