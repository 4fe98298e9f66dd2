// The order of a model's tensors in the flat buffer, from its config alone. A block is what a
// kernel wants as one matrix; its tensors are consecutive, so that block and tensors are ranges of
// one buffer without gaps.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/parameter_store.h"

namespace cohort {

struct BlockLayout {
  std::string name;
  int64_t offset = 0;
  std::vector<int64_t> shape;
  bool mtp = false;
};

struct ParameterLayout {
  std::vector<TensorEntry> tensors;
  std::vector<BlockLayout> blocks;
  std::vector<std::string> router_biases;  // fp32 [E] buffers beside the weights
  int64_t numel = 0;
};

ParameterLayout make_parameter_layout(const ModelConfig& config);

// Tensors that a Hugging Face folder may have though they repeat another, by name: that other. They
// are not of the layout.
std::map<std::string, std::string> repeated_tensors(const ModelConfig& config);

// Hugging Face index of the multi-token-prediction module: after the last layer.
inline int64_t mtp_layer(const ModelConfig& config) { return config.num_hidden_layers; }
std::string layer_prefix(int64_t layer);  // "model.layers.3."

}  // namespace cohort
