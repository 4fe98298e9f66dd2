#include "model/sequence_logits.h"

#include <ATen/core/grad_mode.h>

#include <numeric>

#include "kernels/token_logprob/token_logprob.h"

namespace cohort {

DecoderInput single_sequence(std::span<const int32_t> ids) {
  const auto length = static_cast<int64_t>(ids.size());
  DecoderInput input;
  input.tokens = at::empty({length}, at::kInt);
  input.positions = at::empty({length}, at::kInt);
  auto* positions = input.positions.mutable_data_ptr<int32_t>();
  std::copy(ids.begin(), ids.end(), input.tokens.mutable_data_ptr<int32_t>());
  std::iota(positions, positions + length, 0);
  auto layout = std::make_shared<kernels::AttentionLayout>();
  layout->query_offsets = {0, length};
  layout->first_position = {0};
  layout->key_offsets = {0, length};
  layout->key_rows.assign(positions, positions + length);
  input.layout = std::move(layout);
  return input;
}

at::Tensor sequence_logits(Decoder& decoder, std::span<const int32_t> ids) {
  const at::NoGradGuard no_grad;
  return kernels::logits(decoder.hidden(single_sequence(ids)), decoder.head()).cpu();
}

}  // namespace cohort
