// The two feed-forward layers: SwiGLU, and DeepSeekMoE (routed experts plus a shared SwiGLU; V3
// report 2.1.2).
#pragma once

#include <string>

#include "model/decoder.h"

namespace cohort {

class SwigluMlp {
 public:
  SwigluMlp(ParameterStore& store, const std::string& prefix);
  at::Tensor forward(const at::Tensor& x, const kernels::RowShards& shards) const;

 private:
  const kernels::Param *gate_up_, *down_;
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
  SwigluMlp shared_;
};

}  // namespace cohort
