// A model through a GGUF file and back: the same configuration, the same bits.
#include <ATen/ops/equal.h>
#include <ATen/ops/sub.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/io/gguf/quants.h"
#include "model/gguf/gguf_config.h"
#include "model/gguf/load_gguf.h"
#include "model/gguf/row_order.h"
#include "model/gguf/save_gguf.h"
#include "tests/model/model_test_support.h"

namespace cohort {
namespace {

ModelConfig grouped(const std::string& arch) {
  ModelConfig c = small_config();
  c.arch = arch;
  c.vocab_size = 300;
  c.num_attention_heads = 6;
  c.num_key_value_heads = 2;
  c.head_dim = 16;
  c.n_group = c.topk_group = 1;
  c.routed_scaling_factor = 1;
  c.n_shared_experts = 0;
  c.rms_norm_eps = 1e-5;
  c.first_k_dense_replace = c.has_experts() ? 0 : c.num_hidden_layers;
  return c;
}

ModelConfig latent(const std::string& arch) {
  ModelConfig c = small_config();
  c.arch = arch;
  c.vocab_size = 300;
  c.norm_topk_prob = arch == "deepseek_v3";
  c.scaling = {.factor = 4, .original_max_position = 64, .mscale = 0.5, .mscale_all_dim = 0.5};
  return c;
}

ModelConfig config_of(const std::string& name) {
  if (name == "deepseek_v3" || name == "deepseek_v2") return latent(name);
  ModelConfig c = grouped(name == "llama3" ? "llama" : name);
  if (name == "llama3") {
    c.attention_bias = true;
    c.tie_word_embeddings = true;
    c.rope_theta = 500000;
    c.scaling = {.scaling = kernels::RopeScaling::llama3,
                 .factor = 32,
                 .original_max_position = 8192,
                 .low_freq_factor = 1,
                 .high_freq_factor = 4};
  }
  if (name == "gemma3_text") {
    c.num_hidden_layers = c.first_k_dense_replace = 7;
    c.tie_word_embeddings = true;
    c.query_pre_attn_scalar = 16;
    c.sliding_window = 8;
    c.rope_theta = 1e6;
    for (int64_t i = 1; i <= 7; ++i)
      c.layer_types.push_back(i == 6 ? "full_attention" : "sliding_attention");
  }
  return c;
}

class GgufModel : public testing::TestWithParam<const char*> {
 protected:
  GgufModel()
      : path_(testing::TempDir() + "gguf_model_" + GetParam() + ".gguf"),
        store_(config_of(GetParam()), at::kFloat) {
    store_.initialise(5, &masters_);
    // No tensor may be such that a mistake in its order or offset goes unseen.
    for (int64_t i = 0; i < masters_.numel(); ++i)
      masters_.mutable_data_ptr<float>()[i] += static_cast<float>(i % 977) / 1024;
    store_.flat().copy_(masters_);
    for (const auto& [name, bias] : store_.buffers())
      for (int64_t e = 0; e < bias.numel(); ++e)
        bias.mutable_data_ptr<float>()[e] = static_cast<float>(e);
  }
  ~GgufModel() override { std::filesystem::remove(path_); }
  void save(GgufFileType type) {
    const auto tokenizer = Tokenizer::bytes({"<bos>", "<eos>"});
    save_gguf(path_, store_, masters_, *tokenizer, type, "test");
  }

  std::string path_;
  ParameterStore store_;
  at::Tensor masters_;
};

TEST_P(GgufModel, ComesBackAsItWas) {
  save(GgufFileType::f32);
  const auto file = GgufFile::open(path_);
  ModelConfig read = read_gguf_config(*file);
  read.eos_token_id = read.bos_token_id = read.pad_token_id = -1;  // are the tokenizer's
  ModelConfig want = store_.config();
  want.initializer_range = read.initializer_range;  // says nothing of given weights
  EXPECT_EQ(read.to_hf("float32").dump(1), want.to_hf("float32").dump(1));

  ParameterStore again(read, at::kFloat);
  at::Tensor masters;
  load_gguf_weights(*file, again, &masters);
  // Gemma's 1 + w is rounded on the way.
  const double tolerance = read.gemma() ? 1e-6 : 0;
  EXPECT_LE(at::sub(masters, masters_).abs().max().item<double>(), tolerance);
  for (const auto& [name, bias] : store_.buffers())
    EXPECT_TRUE(at::equal(bias, again.buffers().at(name))) << name;
}

TEST_P(GgufModel, EveryTypeIsWithinItsError) {
  const double power = masters_.pow(2).mean().item<double>();
  for (const auto& [type, bound] : {std::pair{GgufFileType::f16, 1e-6},
                                    {GgufFileType::bf16, 1e-5},
                                    {GgufFileType::q8_0, 1e-4},
                                    {GgufFileType::q4_0, 2e-2},
                                    {GgufFileType::q4_k_m, 2e-2}}) {
    save(type);
    const auto file = GgufFile::open(path_);
    ParameterStore again(read_gguf_config(*file), at::kFloat);
    load_gguf_weights(*file, again);
    const double error = at::sub(again.flat(), masters_).pow(2).mean().item<double>();
    EXPECT_LT(error / power, bound) << gguf_file_type_name(type);
    EXPECT_GT(error, 0.0) << gguf_file_type_name(type);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, GgufModel,
                         testing::Values("llama", "llama3", "qwen2", "qwen3", "qwen3_moe",
                                         "deepseek_v3", "deepseek_v2", "gemma3_text"),
                         [](const auto& info) { return std::string(info.param); });

TEST(GgufModelErrors, WhatGgufCannotExpressIsNamed) {
  const auto refusal = [](const ModelConfig& config) -> std::string {
    GgufMetadata metadata("file");
    try {
      write_gguf_config(config, metadata);
    } catch (const InputError& e) {
      return e.what();
    }
    return "";
  };
  ModelConfig c = config_of("qwen3_moe");
  c.norm_topk_prob = false;
  EXPECT_NE(refusal(c).find("norm_topk_prob"), std::string::npos);
  c = config_of("gemma3_text");
  c.layer_types[0] = "full_attention";
  EXPECT_NE(refusal(c).find("pattern"), std::string::npos);
  c = config_of("deepseek_v3");
  c.rope_interleave = false;
  EXPECT_NE(refusal(c).find("rope in halves"), std::string::npos);
}

TEST(RowOrder, PairsComeFromBothHalves) {
  const std::vector<float> halves = {0, 1, 2, 3, 10, 11, 12, 13};  // two heads of four rows
  EXPECT_EQ(halves_to_pairs(halves, 1, 4), (std::vector<float>{0, 2, 1, 3, 10, 12, 11, 13}));
  EXPECT_EQ(pairs_to_halves(halves_to_pairs(halves, 1, 4), 1, 4), halves);
  EXPECT_EQ(halves_to_pairs(std::vector<float>{0, 1, 2, 3}, 2, 2),
            (std::vector<float>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace cohort
