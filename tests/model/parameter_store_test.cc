#include "model/parameter_store.h"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/rng.h"
#include "core/base/threads.h"
#include "tests/model/model_test_support.h"

namespace cohort {
namespace {

double standard_deviation(const at::Tensor& x) {
  const at::Tensor c = x.contiguous();
  double sum = 0;
  for (int64_t i = 0; i < c.numel(); ++i)
    sum += static_cast<double>(c.const_data_ptr<float>()[i]) * c.const_data_ptr<float>()[i];
  return std::sqrt(sum / static_cast<double>(c.numel()));
}

TEST(ParameterStore, FusedBlocksAreTheirTensorsSideBySide) {
  ParameterStore store(small_config(), at::kFloat);
  store.initialise(1);
  const at::Tensor qkv = store.block("model.layers.0.self_attn.qkv_a").data;
  const at::Tensor q = store.tensor("model.layers.0.self_attn.q_a_proj.weight");
  EXPECT_TRUE(at::equal(qkv.narrow(0, 0, q.size(0)), q));
  EXPECT_TRUE(at::equal(qkv.narrow(0, q.size(0), qkv.size(0) - q.size(0)),
                        store.tensor("model.layers.0.self_attn.kv_a_proj_with_mqa.weight")));
  const at::Tensor gate_up = store.block("model.layers.1.mlp.experts.gate_up").data;
  EXPECT_EQ(gate_up.sizes(), at::IntArrayRef({8, 48, 40}));
  EXPECT_TRUE(at::equal(gate_up.select(0, 5).narrow(0, 0, 24),
                        store.tensor("model.layers.1.mlp.experts.5.gate_proj.weight")));
  EXPECT_TRUE(at::equal(gate_up.select(0, 5).narrow(0, 24, 24),
                        store.tensor("model.layers.1.mlp.experts.5.up_proj.weight")));
  EXPECT_TRUE(at::equal(store.block("model.layers.1.mlp.experts.down").data.select(0, 7),
                        store.tensor("model.layers.1.mlp.experts.7.down_proj.weight")));
}

TEST(ParameterStore, TensorsCoverTheFlatBuffer) {
  ModelConfig config = small_config();
  config.num_nextn_predict_layers = 1;
  const ParameterStore store(config, at::kFloat);
  int64_t offset = 0;
  for (const TensorEntry& t : store.tensors()) {
    EXPECT_EQ(t.offset, offset) << t.name;
    EXPECT_EQ(t.mtp, t.name.starts_with("model.layers.3.")) << t.name;
    EXPECT_EQ(t.decay, t.name.find("norm") == std::string::npos) << t.name;
    EXPECT_EQ(t.sharding == Sharding::expert, t.name.find(".experts.") != std::string::npos)
        << t.name;
    offset += t.numel;
  }
  EXPECT_EQ(offset, store.numel());
  EXPECT_EQ(offset + 3 * 8, config.num_parameters());
}

TEST(ParameterStore, TiedHeadIsNotStored) {
  ModelConfig config = small_config();
  config.tie_word_embeddings = true;
  ParameterStore store(config, at::kFloat);
  EXPECT_THROW(store.tensor("lm_head.weight"), CheckError);
  EXPECT_THROW(store.block("lm_head"), CheckError);
}

TEST(ParameterStore, InitialWeightsDoNotDependOnThreads) {
  ParameterStore one(small_config(), at::kFloat), two(small_config(), at::kFloat);
  const int threads = num_threads();
  set_num_threads(1);
  one.initialise(7);
  set_num_threads(2);
  two.initialise(7);
  set_num_threads(threads);
  EXPECT_TRUE(at::equal(one.flat(), two.flat()));
  two.initialise(8);
  EXPECT_FALSE(at::equal(one.flat(), two.flat()));
}

// Fixed points: random weights must stay what they are, or old runs cannot be repeated.
TEST(ParameterStore, InitialWeightsAreKeyedBySeedAndTensor) {
  ParameterStore store(small_config(), at::kFloat);
  store.initialise(7);
  for (size_t i : {size_t{0}, size_t{2}, store.tensors().size() - 1}) {
    const auto bits =
        draw_bits({.seed = 7, .kind = DrawKind::weights, .ordinal = i, .position = 1});
    const double u = std::ldexp(bits[0], -32) + std::ldexp(bits[1], -64);
    const double v = std::ldexp(bits[2], -32) + std::ldexp(bits[3], -64);
    const double radius = 0.15 * std::sqrt(-2 * std::log(u));
    const at::Tensor first = store.flat().narrow(0, store.tensors()[i].offset, 4);
    EXPECT_NEAR(first[2].item<float>(), radius * std::cos(2 * M_PI * v), 1e-6);
    EXPECT_NEAR(first[3].item<float>(), radius * std::sin(2 * M_PI * v), 1e-6);
  }
}

TEST(ParameterStore, InitialWeightsHaveTheConfiguredSpread) {
  ModelConfig config = small_config();
  config.hidden_size = 256;
  config.scale_residual_init = true;
  ParameterStore store(config, at::kFloat);
  store.initialise(3);
  EXPECT_NEAR(standard_deviation(store.tensor("model.embed_tokens.weight")), 0.15, 0.005);
  const double residual = 0.15 / std::sqrt(6.0);
  EXPECT_NEAR(standard_deviation(store.tensor("model.layers.0.self_attn.o_proj.weight")), residual,
              0.003);
  EXPECT_NEAR(standard_deviation(store.block("model.layers.1.mlp.experts.down").data), residual,
              0.003);
  const at::Tensor norm = store.tensor("model.norm.weight");
  for (int64_t i = 0; i < norm.numel(); ++i) EXPECT_EQ(norm[i].item<float>(), 1.0f);
}

TEST(ParameterStore, Bf16WeightsAreRoundedMasters) {
  ParameterStore fp32(small_config(), at::kFloat), bf16(small_config(), at::kBFloat16);
  fp32.initialise(7);
  at::Tensor masters;
  bf16.initialise(7, &masters);
  EXPECT_TRUE(at::equal(masters, fp32.flat()));
  EXPECT_TRUE(at::equal(bf16.flat(), masters.to(at::kBFloat16)));
}

TEST(ParameterStore, GradientsMirrorTheLayout) {
  ModelConfig config = small_config();
  config.num_nextn_predict_layers = 1;
  ParameterStore store(config, at::kFloat);
  store.enable_gradients(3);
  kernels::Param& down = store.block("model.layers.1.mlp.experts.down");
  EXPECT_EQ(down.grad.sizes(), at::IntArrayRef({3, 8, 40, 24}));
  down.grad.select(0, 2).select(0, 5).fill_(2.0f);
  const std::string name = "model.layers.1.mlp.experts.5.down_proj.weight";
  for (const TensorEntry& t : store.tensors())
    for (int64_t shard = 0; shard < 3; ++shard) {
      const float want = t.name == name && shard == 2 ? 2.0f : 0.0f;
      EXPECT_EQ(store.grads()[shard][t.offset + t.numel - 1].item<float>(), want) << t.name;
    }
  store.zero_gradients();
  EXPECT_EQ(store.grads().abs().max().item<float>(), 0.0f);
  store.grads().fill_(1.0f);
  store.zero_gradients({1, 0, 1});
  EXPECT_FALSE(store.has_gradients(1));
  EXPECT_EQ(store.grads()[0].abs().max().item<float>(), 0.0f);
  EXPECT_EQ(store.grads()[2].abs().max().item<float>(), 0.0f);
  store.zero_gradients();
  EXPECT_TRUE(store.has_gradients(1));
  EXPECT_EQ(store.grads().abs().max().item<float>(), 0.0f);

  store.enable_gradients(1, /*mtp=*/false);
  EXPECT_TRUE(store.block("model.norm").trainable());
  EXPECT_FALSE(store.block("model.layers.3.eh_proj").trainable());
  store.enable_gradients(0);
  EXPECT_FALSE(store.block("model.norm").trainable());
  EXPECT_FALSE(store.grads().defined());
}

TEST(ParameterStore, TouchRaisesEveryVersion) {
  ParameterStore store(small_config(), at::kFloat);
  const int64_t before = store.block("lm_head").version;
  store.touch();
  EXPECT_GT(store.block("lm_head").version, before);
}

}  // namespace
}  // namespace cohort
