// What the model's tests share: goldens, batches of packed sequences, small configs.
#pragma once

#include <ATen/ops/from_blob.h>

#include <numeric>
#include <string>
#include <vector>

#include "core/io/safetensors.h"
#include "model/decoder.h"

namespace cohort {

inline const std::string kModelGoldens = COHORT_SOURCE_DIR "/tests/golden/model/";

inline at::Tensor golden_tensor(const SafetensorsFile& file, const std::string& name) {
  const TensorView& view = file.tensors().at(name);
  const auto dtype = view.dtype == DType::i32 ? at::kInt : at::kFloat;
  return at::from_blob(const_cast<std::byte*>(view.data.data()), view.shape, dtype).clone();
}

inline at::Tensor int_tensor(const std::vector<int32_t>& values) {
  at::Tensor out = at::empty({static_cast<int64_t>(values.size())}, at::kInt);
  std::copy(values.begin(), values.end(), out.mutable_data_ptr<int32_t>());
  return out;
}

inline kernels::RowShards one_shard(int64_t rows) {
  return std::make_shared<const std::vector<int64_t>>(std::vector<int64_t>{0, rows});
}

// Sequences side by side, each attending to its own rows.
inline DecoderInput packed_input(const std::vector<std::vector<int32_t>>& sequences) {
  auto layout = std::make_shared<kernels::AttentionLayout>();
  std::vector<int32_t> tokens, positions;
  layout->query_offsets = {0};
  layout->key_offsets = {0};
  for (const auto& sequence : sequences) {
    for (size_t i = 0; i < sequence.size(); ++i) {
      layout->key_rows.push_back(static_cast<int32_t>(tokens.size()));
      tokens.push_back(sequence[i]);
      positions.push_back(static_cast<int32_t>(i));
    }
    layout->first_position.push_back(0);
    layout->query_offsets.push_back(static_cast<int64_t>(tokens.size()));
    layout->key_offsets.push_back(static_cast<int64_t>(tokens.size()));
  }
  DecoderInput input;
  input.tokens = int_tensor(tokens);
  input.positions = int_tensor(positions);
  input.layout = std::move(layout);
  return input;
}

// Experts in groups, q LoRA, two expert layers: what the exactness tests run on.
inline ModelConfig small_config() {
  ModelConfig c;
  c.vocab_size = 64;
  c.hidden_size = 40;
  c.intermediate_size = 48;
  c.moe_intermediate_size = 24;
  c.num_hidden_layers = 3;
  c.num_attention_heads = 3;
  c.n_routed_experts = 8;
  c.num_experts_per_tok = 3;
  c.n_group = 4;
  c.topk_group = 2;
  c.routed_scaling_factor = 2.5;
  c.q_lora_rank = 24;
  c.kv_lora_rank = 16;
  c.qk_nope_head_dim = 8;
  c.qk_rope_head_dim = 8;
  c.v_head_dim = 12;
  c.max_position_embeddings = 256;
  c.initializer_range = 0.15;
  return c;
}

inline std::vector<int32_t> some_tokens(int64_t count, uint32_t seed) {
  std::vector<int32_t> tokens(static_cast<size_t>(count));
  uint32_t state = seed;
  for (int32_t& token : tokens) {
    state = state * 1664525u + 1013904223u;
    token = static_cast<int32_t>(state >> 26);  // below 64
  }
  return tokens;
}

}  // namespace cohort
