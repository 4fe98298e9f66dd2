// ParameterStore: all weights under their Hugging Face names, in one flat buffer of the compute
// dtype. Each Hugging Face tensor is a contiguous range of it (a TensorEntry). What a kernel wants
// as one matrix (gate and up rows; q_a and kv_a rows; all experts of a layer) lies side by side and
// is a Param that views the whole range.
//
// Gradients mirror the layout: [local shards, numel] fp32. Masters, moments, reductions and
// checkpoints work on flat ranges and never ask for names. Router biases are not weights: fp32
// buffers beside.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernels/param.h"
#include "model/model_config.h"

namespace cohort {

enum class Sharding { replicated, expert, tensor };
enum class RandomInit { normal, ones, zeros };

struct TensorEntry {
  std::string name;  // Hugging Face name
  std::vector<int64_t> shape;
  int64_t offset = 0, numel = 0;  // in the flat buffer
  Sharding sharding = Sharding::replicated;
  bool decay = true;  // false for norms and biases: no weight decay
  RandomInit init = RandomInit::normal;
  bool mtp = false;  // belongs to the multi-token-prediction module
};

class ParameterStore {
 public:
  // Zero weights of the config's shape in the device's memory; buffers are always in host memory.
  ParameterStore(const ModelConfig& config, at::ScalarType dtype, at::Device device = at::kCPU);
  // The same weights and buffers as the source's, in the same memory, that linear maps and experts
  // multiply by in `format`. Never trained; follow() after the source was written to.
  ParameterStore(const ParameterStore& source, kernels::WeightFormat format);
  void follow(const ParameterStore& source);
  ParameterStore(const ParameterStore&) = delete;
  ParameterStore& operator=(const ParameterStore&) = delete;

  const ModelConfig& config() const { return config_; }
  at::ScalarType dtype() const;
  at::Device device() const { return flat_.device(); }
  int64_t numel() const { return flat_.numel(); }
  const std::vector<TensorEntry>& tensors() const {
    return tensors_;
  }  // ascending by offset, no gaps
  const at::Tensor& flat() const { return flat_; }
  // e_score_correction_bias of each MoE layer, by Hugging Face name: fp32 [E].
  const std::map<std::string, at::Tensor>& buffers() const { return buffers_; }

  // Random weights, the same on every machine and rank count: normal(0, initializer_range) keyed by
  // (seed, tensor index); norms such that their factor is 1; biases 0. Values are computed in
  // double and rounded once to fp32, and then to the compute dtype. `masters_f32`: WeightFiller's.
  void initialise(uint64_t seed, at::Tensor* masters_f32 = nullptr);

  // Blocks that kernels use, by the name that the decoder knows
  // ("model.layers.3.mlp.experts.gate_up").
  kernels::Param& block(const std::string& name);

  // Gradient buffers for `local_shards` logical shards; 0 frees them. mtp false: the MTP module is
  // frozen.
  void enable_gradients(int64_t local_shards, bool mtp = true);
  const at::Tensor& grads() const { return grads_; }  // [S, numel] fp32
  // Begins an update in which only the shards of `used` [S] get gradients; empty: all. The others'
  // buffers, whatever is in them, count as zeros and, in host memory, cost none.
  void zero_gradients(const std::vector<uint8_t>& used = {});
  bool has_gradients(int64_t shard) const { return used_[static_cast<size_t>(shard)] != 0; }
  // After any write to flat() or a buffer: packed forms are rebuilt at next use.
  void touch();

  // [shape] view of one Hugging Face tensor; throws CheckError for an unknown name.
  at::Tensor tensor(const std::string& name) const;

 private:
  ModelConfig config_;
  at::Tensor flat_, grads_;
  std::vector<uint8_t> used_;  // shards whose slice of grads_ counts
  std::vector<TensorEntry> tensors_;
  std::map<std::string, size_t> index_;  // of tensors_ by name
  std::map<std::string, at::Tensor> buffers_;
  struct Block {
    kernels::Param param;
    int64_t offset = 0;
    std::vector<int64_t> shape;
    bool mtp = false;
  };
  std::map<std::string, std::unique_ptr<Block>> blocks_;
};

}  // namespace cohort
