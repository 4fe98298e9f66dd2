#include "model/layers/feed_forward.h"

#include <ATen/ops/add.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include "kernels/linear/linear.h"
#include "kernels/moe/moe.h"
#include "kernels/swiglu/swiglu.h"

namespace cohort {

SwigluMlp::SwigluMlp(ParameterStore& store, const std::string& prefix)
    : gate_up_(&store.block(prefix + "gate_up_proj")),
      down_(&store.block(prefix + "down_proj")),
      activation_(store.config().activation()) {}

at::Tensor SwigluMlp::forward(const at::Tensor& x, const kernels::RowShards& shards) const {
  return kernels::linear(kernels::swiglu(kernels::linear(x, *gate_up_, shards), activation_),
                         *down_, shards);
}

MoeMlp::MoeMlp(ParameterStore& store, const std::string& prefix, int64_t load_row)
    : router_(store.config().router()),
      load_row_(load_row),
      gate_(&store.block(prefix + "gate")),
      gate_up_(&store.block(prefix + "experts.gate_up")),
      down_(&store.block(prefix + "experts.down")),
      bias_(store.config().router_bias()
                ? store.buffers().at(prefix + "gate.e_score_correction_bias")
                : at::zeros({router_.num_experts}, at::kFloat)) {
  if (store.config().n_shared_experts > 0) shared_.emplace(store, prefix + "shared_experts.");
}

at::Tensor MoeMlp::forward(const at::Tensor& x, const DecoderInput& input) const {
  const kernels::Routing routing =
      kernels::route(x, *gate_, bias_, router_, input.shards, input.balance);
  if (input.load.defined() && load_row_ < input.load.size(0)) {
    at::Tensor load = input.load.select(0, load_row_);
    kernels::add_expert_load(routing.index, input.load_mask, load);
  }
  if (input.expert_sets.defined() && load_row_ < input.expert_sets.size(0)) {
    at::Tensor sets = input.expert_sets.select(0, load_row_);
    kernels::hash_expert_sets(routing.index, sets);
  }
  const at::Tensor routed =
      kernels::moe(x, routing.index, routing.weight, *gate_up_, *down_, input.shards);
  if (!shared_) return routed;
  const at::Tensor shared = shared_->forward(x, input.shards);
  return at::GradMode::is_enabled() ? at::add(routed, shared) : routed.add_(shared);
}

}  // namespace cohort
