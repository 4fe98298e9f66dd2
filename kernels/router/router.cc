#include "kernels/router/router.h"

#include "kernels/autograd_node.h"
#include "kernels/memory/step_memory.h"
#include "kernels/op_support.h"
#include "kernels/router/router_device.h"
#include "kernels/router/router_rows.h"
#include "kernels/router/select.h"

namespace cohort::kernels {
namespace {

struct RouteBackward final : torch::autograd::Node {
  SavedVariable x;
  at::Tensor scores, index;  // [T, E] fp32, [T, K]; both where x is
  const Param* w = nullptr;
  RouterConfig config;
  RowShards shards;
  BalanceLoss balance;

  at::Tensor logit_grads(const at::Tensor& d_weight) const;
  variable_list apply(variable_list&& grads) override;
  void release_variables() override { x.reset_data(); }
};

// d_logits, with d_scores from the weights and from the balance loss.
at::Tensor RouteBackward::logit_grads(const at::Tensor& d_weight) const {
  const int64_t rows = scores.size(0), experts = config.num_experts, k = config.top_k;
  at::Tensor grads = at::zeros({rows, experts}, scores.options());
  const float* s = in_ptr<float>(scores);
  float* d = out_ptr<float>(grads);
  if (d_weight.defined()) {
    parallel_items(rows, 8 * k, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) {
        add_weight_grad(config, s + t * experts, in_ptr<int32_t>(index) + t * k,
                        in_ptr<float>(d_weight) + t * k, d + t * experts);
      }
    });
  }
  const int64_t sequences = static_cast<int64_t>(balance.coef.size());
  parallel_items(sequences, rows * experts, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t begin = balance.sequence_offsets[i], end = balance.sequence_offsets[i + 1];
      if (balance.coef[i] == 0 || begin == end) continue;
      const SequenceBalance sequence(config, s, in_ptr<int32_t>(index), begin, end);
      for (int64_t t = begin; t < end; ++t) {
        sequence.add_grad(s + t * experts, balance.coef[i], d + t * experts);
      }
    }
  });
  parallel_items(rows, experts, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) to_logit_grads(config, s + t * experts, d + t * experts);
  });
  return grads;
}

variable_list RouteBackward::apply(variable_list&& grads) {
  const at::Tensor input = x.unpack();
  const int64_t rows = input.size(0), dim = input.size(1), experts = config.num_experts;
  const at::Tensor d_weight = grads[0].defined() ? grads[0].contiguous() : at::Tensor();
  COHORT_CHECK(
      !w->trainable() || (shards && w->grad.size(0) + 1 == static_cast<int64_t>(shards->size()) &&
                          shards->back() == rows),
      "route: the row shards do not match w.grad or the rows");
  if (const auto* ops = device_ops(input)) {
    at::Tensor dx = at::empty_like(input);
    device_gate_grads(*ops, device_logit_grads(*ops, config, scores, index, d_weight, balance),
                      input, *w, shards, dx);
    return {dx};
  }
  const at::Tensor d_logits = logit_grads(d_weight);
  const float* d = in_ptr<float>(d_logits);
  at::Tensor dx = at::empty_like(input);
  for_dtype(input.scalar_type(), [&]<class T>() {
    parallel_items(rows, dim * config.top_k, [&](int64_t begin, int64_t end) {
      gate_input_grad<T>(d + begin * experts, in_ptr<T>(w->data), end - begin, experts, dim,
                         out_ptr<T>(dx) + begin * dim);
    });
    if (!w->trainable()) return;
    parallel_items(column_chunks(dim), rows * config.top_k * kColumnChunk,
                   [&](int64_t first, int64_t last) {
                     for (size_t s = 0; s + 1 < shards->size(); ++s) {
                       const int64_t begin = (*shards)[s], end = (*shards)[s + 1];
                       gate_weight_grad<T>(
                           d + begin * experts, in_ptr<T>(input) + begin * dim, end - begin,
                           experts, dim, first * kColumnChunk, std::min(last * kColumnChunk, dim),
                           out_ptr<float>(w->grad) + static_cast<int64_t>(s) * w->grad.stride(0));
                     }
                   });
  });
  return {dx};
}

void check_arguments(const at::Tensor& x, const Param& w, const at::Tensor& bias,
                     const RouterConfig& c) {
  COHORT_CHECK(x.dim() == 2 && x.is_contiguous() && w.data.dim() == 2 &&
                   w.data.size(0) == c.num_experts && w.data.size(1) == x.size(1) &&
                   w.data.scalar_type() == x.scalar_type(),
               "route: x is contiguous [T, H], w [E, H] of its dtype");
  COHORT_CHECK(
      bias.scalar_type() == at::kFloat && bias.is_contiguous() && bias.numel() == c.num_experts,
      "route: bias is fp32 [E]");
  COHORT_CHECK(c.num_groups > 0 && c.num_experts % c.num_groups == 0 && c.top_k_groups > 0 &&
                   c.top_k_groups <= c.num_groups && c.top_k > 0 &&
                   c.top_k <= c.num_experts / c.num_groups * c.top_k_groups,
               "route: {} of {} experts from {} of {} groups", c.top_k, c.num_experts,
               c.top_k_groups, c.num_groups);
}

// Adds the loss value in sequence order, in double.
void add_balance_loss(const RouterConfig& config, const at::Tensor& scores, const at::Tensor& index,
                      const BalanceLoss& balance) {
  if (balance.loss == nullptr) return;
  for (size_t i = 0; i < balance.coef.size(); ++i) {
    const int64_t begin = balance.sequence_offsets[i], end = balance.sequence_offsets[i + 1];
    if (balance.coef[i] == 0 || begin == end) continue;
    const SequenceBalance sequence(config, in_ptr<float>(scores), in_ptr<int32_t>(index), begin,
                                   end);
    *balance.loss += balance.coef[i] * sequence.loss();
  }
}

// Scores, and the choice from them.
void route_on_cpu(const at::Tensor& x, const Param& w, const at::Tensor& bias,
                  const RouterConfig& config, const at::Tensor& scores, const Routing& routing) {
  const int64_t rows = x.size(0), dim = x.size(1), experts = config.num_experts, k = config.top_k;
  static thread_local std::vector<float> kept;
  kept.resize(packed_gate_size(experts, dim));
  float* const packed = kept.data();  // of this thread, for all
  for_dtype(x.scalar_type(), [&]<class T>() {
    pack_gate(in_ptr<T>(w.data), experts, dim, packed);
    parallel_items(rows, experts * (dim / 4 + 4 * k), [&](int64_t begin, int64_t end) {
      float* s = out_ptr<float>(scores) + begin * experts;
      gate_scores<T>(in_ptr<T>(x) + begin * dim, packed, end - begin, experts, dim, config.softmax,
                     s);
      ExpertSelector selector(config, in_ptr<float>(bias));
      for (int64_t t = begin; t < end; ++t, s += experts) {
        selector.choose(s, out_ptr<int32_t>(routing.index) + t * k,
                        out_ptr<float>(routing.weight) + t * k);
      }
    });
  });
}

}  // namespace

Routing route(const at::Tensor& x, const Param& w, const at::Tensor& bias,
              const RouterConfig& config, const RowShards& shards, const BalanceLoss* balance) {
  check_arguments(x, w, bias, config);
  const int64_t rows = x.size(0), experts = config.num_experts, k = config.top_k;
  const at::TensorOptions fp32 = x.options().dtype(at::kFloat);
  Routing routing = {result({rows, k}, x.options().dtype(at::kInt)), result({rows, k}, fp32)};
  const at::Tensor scores = result({rows, experts}, fp32);
  const at::Tensor index = routing.index;
  if (const auto* ops = device_ops(x)) {
    device_route(*ops, x, w, bias, config, scores, index, routing.weight);
    if (balance != nullptr) device_add_balance_loss(*ops, config, scores, index, *balance);
  } else {
    route_on_cpu(x, w, bias, config, scores, routing);
    if (balance != nullptr) add_balance_loss(config, scores, index, *balance);
  }
  if (takes_gradient(x)) {
    auto node = make_node<RouteBackward>(x);
    node->x = save_input(x);
    node->scores = scores;
    node->index = index;
    node->w = &w;
    node->config = config;
    node->shards = shards;
    if (balance != nullptr) node->balance = *balance;
    set_output(routing.weight, node);
  }
  return routing;
}

void add_expert_load(const at::Tensor& index, const at::Tensor& mask, at::Tensor& load_i64) {
  COHORT_CHECK(index.is_contiguous() && index.scalar_type() == at::kInt && mask.is_contiguous() &&
                   mask.scalar_type() == at::kByte && mask.numel() == index.size(0) &&
                   load_i64.is_contiguous() && load_i64.scalar_type() == at::kLong,
               "add_expert_load: index int32 [T, K], mask uint8 [T], load int64 [E]");
  const int64_t k = index.size(1);
  const at::Tensor on_host = index.cpu();
  const int32_t* chosen = in_ptr<int32_t>(on_host);
  const uint8_t* counted = in_ptr<uint8_t>(mask);
  int64_t* load = out_ptr<int64_t>(load_i64);
  for (int64_t t = 0; t < index.size(0); ++t) {
    if (counted[t] == 0) continue;
    for (int64_t j = 0; j < k; ++j) ++load[chosen[t * k + j]];
  }
}

void hash_expert_sets(const at::Tensor& index, at::Tensor& sets_i16) {
  COHORT_CHECK(index.is_contiguous() && index.scalar_type() == at::kInt &&
                   sets_i16.is_contiguous() && sets_i16.scalar_type() == at::kShort &&
                   sets_i16.numel() == index.size(0),
               "hash_expert_sets: index int32 [T, K], sets int16 [T]");
  const int64_t k = index.size(1);
  const at::Tensor on_host = index.cpu();
  const int32_t* chosen = in_ptr<int32_t>(on_host);
  int16_t* sets = out_ptr<int16_t>(sets_i16);
  for (int64_t t = 0; t < index.size(0); ++t) {
    uint32_t sum = 0;
    for (int64_t j = 0; j < k; ++j) {
      uint32_t mixed = (static_cast<uint32_t>(chosen[t * k + j]) + 1) * 0x9e3779b1u;
      mixed = (mixed ^ mixed >> 15) * 0x85ebca77u;
      sum += mixed ^ mixed >> 13;
    }
    sets[t] = static_cast<int16_t>(sum >> 16);
  }
}

}  // namespace cohort::kernels
