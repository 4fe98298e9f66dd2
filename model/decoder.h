// Decoder: from token rows, positions and a view of keys to hidden rows. It does not know whether
// it is in a rollout or in training; autograd on or off (and a cache or none) is the only
// difference.
#pragma once

#include <memory>
#include <vector>

#include "kernels/attention/attention.h"
#include "kernels/router/router.h"
#include "model/kv_cache.h"
#include "model/parameter_store.h"

namespace cohort {

// Index tensors (tokens, positions, slots, load) are in host memory whatever the device.
struct DecoderInput {
  at::Tensor tokens;     // [T] int32
  at::Tensor positions;  // [T] int32
  kernels::AttentionLayoutPtr layout;
  // Rollout: this pass's keys are written to `slots` [T] int32 of the cache first, and layout's
  // key_rows are slots. Training: null, and key_rows are rows of this pass.
  KvCache* cache = nullptr;
  at::Tensor slots;
  kernels::RowShards shards;                      // training only
  const kernels::BalanceLoss* balance = nullptr;  // training only, applied in every MoE layer
  // Expert load: where load is defined ([num MoE layers, E] int64), choices of rows with mask 1 are
  // counted.
  at::Tensor load_mask;  // [T] uint8
  at::Tensor load;
  // Where defined ([num MoE layers, T] int16): filled with a hash of the experts of each row.
  at::Tensor expert_sets;
  bool recompute_layers = false;  // training: a layer's activations are computed again in backward
};

class Decoder {
 public:
  // Views the store's weights; the store must outlive it.
  explicit Decoder(ParameterStore& store);
  ~Decoder();

  // [T, H] after the final norm.
  at::Tensor hidden(const DecoderInput& input);
  // Multi-token prediction, depth 1: for linear sequences (a row's next row is its next token).
  // `hidden` is the result of hidden(); next_tokens [T] int32 is the token after each row. Result
  // [T, H] after shared_head.norm, of which row i predicts the token after next. V3 report 2.2;
  // input after model.norm as transformers' MtpModel.
  at::Tensor mtp_hidden(const DecoderInput& input, const at::Tensor& hidden,
                        const at::Tensor& next_tokens);
  const kernels::Param& head() const;  // lm_head, or the embedding when tied
  const ModelConfig& config() const;
  ParameterStore& store();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cohort
