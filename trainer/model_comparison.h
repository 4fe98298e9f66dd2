// How far a model is from one that it should be a copy of: its tokenizer by ids and prompts, its
// configuration by values, its weights by rows, its decoder by logits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/decoder.h"
#include "model/parameter_store.h"
#include "model/tokenizer/tokenizer.h"

namespace cohort {

struct TextDistance {
  int64_t texts = 0, ids = 0;  // compared
  int64_t differing = 0;       // texts whose ids, or decoded ids, are others
  std::string first_fault;     // what differs first; empty when nothing does
};
// Of ids, decoded texts, special ids and the prompts that the chat templates make.
TextDistance compare_tokenizers(const Tokenizer& source, const Tokenizer& copy,
                                const std::vector<std::string>& texts);

// The first key of config.json whose value is another, with both values; empty when none is. Left
// out are the special ids, which are the tokenizer's, the spread of random weights, and, when the
// copy has none, MTP modules. Numbers may differ by a part in a million: formats hold them as fp32.
std::string compare_configs(const ModelConfig& source, const ModelConfig& copy);

struct WeightDistance {
  double error = 0;    // of the row that is furthest away
  std::string tensor;  // that it belongs to; empty when all are equal
};
// The error of a row is the RMS of its difference over the RMS of the row or of its tensor,
// whichever is larger (so that an empty row is measured by its neighbours). kv_b_proj counts as one
// row, for GGUF transposes its heads before it makes blocks; Gemma's norms are 1 + w. Both stores
// are finite fp32 in host memory and of one shape, MTP modules of the source apart.
WeightDistance compare_weights(const ParameterStore& source, const ParameterStore& copy);

// Over all positions of the sequences, P = softmax(source's logits), Q = softmax(copy's):
struct LogitDistance {
  int64_t tokens = 0;
  double nmse = 0;     // sum (z_Q - z_P)^2 / sum z_P^2
  double top1 = 0;     // part of the positions whose likeliest token is the same
  double mean_kl = 0;  // of KL(P || Q) = sum P (log P - log Q), in nats
  double max_kl = 0;
};
LogitDistance compare_logits(Decoder& source, Decoder& copy,
                             const std::vector<std::vector<int32_t>>& sequences);

}  // namespace cohort
