// The expected types follow llama.cpp's quantiser (src/llama-quant.cpp), read off its rules.
#include <gtest/gtest.h>

#include "core/io/gguf/file_type.h"

namespace cohort {
namespace {

std::string type_of(GgufFileType file_type, const GgufModelFacts& model, const std::string& name,
                    const std::vector<int64_t>& shape) {
  return ggml_type_name(gguf_tensor_type(file_type, model, name, shape));
}

TEST(GgufFileType, NamesAreFoundInAnyCase) {
  for (const GgufFileType type :
       {GgufFileType::f32, GgufFileType::f16, GgufFileType::bf16, GgufFileType::q8_0,
        GgufFileType::q4_0, GgufFileType::q4_k_s, GgufFileType::q4_k_m, GgufFileType::q6_k})
    EXPECT_EQ(gguf_file_type_of(gguf_file_type_name(type)), type);
  for (const std::string& name : gguf_file_type_names())
    EXPECT_EQ(gguf_file_type_name(gguf_file_type_of(name).value()), name);
  EXPECT_EQ(gguf_file_type_names().size(), 8u);
  EXPECT_EQ(gguf_file_type_of("q4_k_m"), GgufFileType::q4_k_m);
  EXPECT_EQ(gguf_file_type_of("bf16"), GgufFileType::bf16);
  EXPECT_EQ(gguf_file_type_of("Q4_K"), std::nullopt);
  EXPECT_EQ(gguf_file_type_of(""), std::nullopt);
  EXPECT_EQ(static_cast<int>(GgufFileType::q4_k_m), 15);
}

struct Row {
  const char* name;
  std::vector<int64_t> shape;
  const char* expected;
};

void check(GgufFileType file_type, const GgufModelFacts& model, const std::vector<Row>& rows) {
  for (const Row& row : rows)
    EXPECT_EQ(type_of(file_type, model, row.name, row.shape), row.expected) << row.name;
}

TEST(GgufFileType, NormsRoutersAndVectorsStayF32) {
  const GgufModelFacts model{"qwen3moe", 48, 32, 4, 128, false};
  for (const GgufFileType type : {GgufFileType::f32, GgufFileType::f16, GgufFileType::bf16,
                                  GgufFileType::q8_0, GgufFileType::q4_0, GgufFileType::q4_k_m})
    check(type, model,
          {{"output_norm.weight", {2048}, "F32"},
           {"blk.3.attn_norm.weight", {2048}, "F32"},
           {"blk.3.attn_q_norm.weight", {2, 128}, "F32"},
           {"blk.3.attn_q.bias", {2048}, "F32"},
           {"blk.3.ffn_gate_inp.weight", {128, 2048}, "F32"},
           {"blk.3.exp_probs_b.bias", {128}, "F32"},
           {"rope_freqs.weight", {64}, "F32"},
           {"blk.3.attn_q.weight", {1, 2048}, "F32"}});
}

TEST(GgufFileType, PlainTypesTakeAllMatrices) {
  const GgufModelFacts model{"llama", 30, 9, 3, 0, true};
  const std::vector<int64_t> shape = {1024, 512};
  check(GgufFileType::f16, model,
        {{"token_embd.weight", shape, "F16"}, {"blk.0.ffn_down.weight", {512, 7}, "F16"}});
  check(GgufFileType::bf16, model, {{"blk.0.ffn_down.weight", shape, "BF16"}});
  check(GgufFileType::q8_0, model,
        {{"token_embd.weight", shape, "Q8_0"},
         {"blk.0.attn_v.weight", shape, "Q8_0"},
         {"blk.0.attn_v.weight", {1024, 40}, "F16"}});
  check(GgufFileType::q4_0, model,
        {{"token_embd.weight", shape, "Q6_K"},
         {"token_embd.weight", {49152, 576}, "Q8_0"},
         {"blk.0.attn_v.weight", {192, 576}, "Q4_0"}});
  check(GgufFileType::q6_k, model,
        {{"token_embd.weight", shape, "Q6_K"},
         {"blk.0.attn_v.weight", shape, "Q6_K"},
         {"blk.0.attn_v.weight", {192, 576}, "Q8_0"}});
}

TEST(GgufFileType, MediumMixOfADenseModel) {
  const GgufModelFacts model{"llama", 32, 32, 8, 0, false};
  const std::vector<int64_t> shape = {1024, 4096};
  check(GgufFileType::q4_k_m, model,
        {{"token_embd.weight", shape, "Q4_K"},
         {"output.weight", shape, "Q6_K"},
         {"blk.0.attn_q.weight", shape, "Q4_K"},
         {"blk.0.attn_k.weight", shape, "Q4_K"},
         {"blk.0.attn_output.weight", shape, "Q4_K"},
         {"blk.0.ffn_up.weight", shape, "Q4_K"},
         {"blk.0.ffn_gate.weight", shape, "Q4_K"}});
  // The layers with more bits of 32: 4 first, 4 last, and 6, 9, ... between.
  for (int layer = 0; layer < 32; ++layer) {
    const bool more = layer < 4 || layer >= 28 || layer % 3 == 0;
    const std::string block = "blk." + std::to_string(layer) + ".";
    for (const char* name : {"attn_v.weight", "ffn_down.weight"})
      EXPECT_EQ(type_of(GgufFileType::q4_k_m, model, block + name, shape), more ? "Q6_K" : "Q4_K")
          << block << name;
  }
}

TEST(GgufFileType, SmallMix) {
  const GgufModelFacts model{"qwen2", 64, 40, 8, 0, false};
  const std::vector<int64_t> shape = {1024, 5120};
  check(GgufFileType::q4_k_s, model,
        {{"output.weight", shape, "Q6_K"},
         {"token_embd.weight", shape, "Q4_K"},
         {"blk.3.attn_v.weight", shape, "Q5_K"},
         {"blk.4.attn_v.weight", shape, "Q4_K"},
         {"blk.7.ffn_down.weight", shape, "Q5_K"},
         {"blk.8.ffn_down.weight", shape, "Q4_K"},
         {"blk.63.ffn_down.weight", shape, "Q4_K"}});
}

TEST(GgufFileType, RowsThatBlocksDoNotDivideFallBack) {
  const GgufModelFacts model{"gemma3", 18, 4, 1, 0, true};
  check(GgufFileType::q4_k_m, model,
        {{"token_embd.weight", {262144, 640}, "Q8_0"},
         {"blk.5.attn_q.weight", {1024, 640}, "Q5_0"},
         {"blk.5.attn_output.weight", {640, 1024}, "Q4_K"},
         {"blk.0.attn_v.weight", {256, 640}, "Q8_0"},
         {"blk.0.ffn_down.weight", {640, 2048}, "Q6_K"},
         {"blk.5.attn_q.weight", {1024, 100}, "F16"},
         {"blk.0.attn_v.weight", {256, 100}, "F16"}});
  check(GgufFileType::q4_k_s, model, {{"blk.0.attn_v.weight", {256, 640}, "Q5_1"}});
}

TEST(GgufFileType, MixOfDeepSeek) {
  const GgufModelFacts model{"deepseek2", 61, 128, 1, 256, false};
  check(GgufFileType::q4_k_m, model,
        {{"output.weight", {129280, 7168}, "Q6_K"},
         {"blk.9.attn_q_a.weight", {1536, 7168}, "Q4_K"},
         {"blk.9.attn_k_b.weight", {128, 512, 128}, "Q5_0"},
         {"blk.9.attn_v_b.weight", {128, 128, 512}, "Q4_K"},
         {"blk.2.ffn_down.weight", {7168, 18432}, "Q6_K"},
         {"blk.7.ffn_down_exps.weight", {256, 7168, 2048}, "Q4_K"},
         {"blk.9.ffn_down_exps.weight", {256, 7168, 2048}, "Q6_K"},
         {"blk.9.ffn_down_shexp.weight", {7168, 2048}, "Q6_K"},
         {"blk.53.ffn_down_exps.weight", {256, 7168, 2048}, "Q6_K"},
         {"blk.9.ffn_up_exps.weight", {256, 2048, 7168}, "Q4_K"}});
}

TEST(GgufFileType, SpecialModels) {
  const std::vector<int64_t> shape = {1024, 4096};
  const GgufModelFacts eight{"llama", 32, 32, 8, 8, false};
  check(GgufFileType::q4_k_m, eight,
        {{"blk.5.attn_v.weight", shape, "Q8_0"},
         {"blk.5.attn_k.weight", shape, "Q8_0"},
         {"blk.5.attn_output.weight", shape, "Q5_K"},
         {"blk.5.attn_q.weight", shape, "Q4_K"}});
  const GgufModelFacts llama70{"llama", 80, 64, 8, 0, false};
  const GgufModelFacts llama65{"llama", 80, 64, 64, 0, false};
  for (const auto& [model, expected] : {std::pair(llama70, "Q5_K"), std::pair(llama65, "Q4_K")})
    check(GgufFileType::q4_k_m, model,
          {{"blk.10.attn_v.weight", shape, expected},
           {"blk.12.attn_v.weight", shape, "Q6_K"},
           {"blk.10.ffn_down.weight", shape, "Q4_K"}});
}

}  // namespace
}  // namespace cohort
