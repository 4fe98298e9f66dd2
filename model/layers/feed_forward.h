// The two feed-forward layers: a gated unit (SwiGLU, Gemma's GeGLU), and DeepSeekMoE (routed
// experts plus a shared unit; V3 report 2.1.2; Qwen3-MoE has no shared one).
#pragma once

#include <optional>
#include <string>

#include "model/decoder.h"

namespace cohort {

class SwigluMlp {
 public:
  SwigluMlp(ParameterStore& store, const std::string& prefix);
  at::Tensor forward(const at::Tensor& x, const kernels::RowShards& shards) const;

 private:
  const kernels::Param *gate_up_, *down_;
  kernels::GateActivation activation_;
};

class MoeMlp {
 public:
  // `load_row`: the row of DecoderInput::load that counts this layer's choices.
  MoeMlp(ParameterStore& store, const std::string& prefix, int64_t load_row);
  at::Tensor forward(const at::Tensor& x, const DecoderInput& input) const;

 private:
  kernels::RouterConfig router_;
  int64_t load_row_;
  const kernels::Param *gate_, *gate_up_, *down_;
  at::Tensor bias_;
  std::optional<SwigluMlp> shared_;
};

}  // namespace cohort
