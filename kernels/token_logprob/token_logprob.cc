#include "kernels/token_logprob/token_logprob.h"

#include "kernels/autograd_node.h"
#include "kernels/device/device.h"
#include "kernels/linear/linear.h"
#include "kernels/memory/step_memory.h"
#include "kernels/op_support.h"
#include "kernels/token_logprob/token_logprob_rows.h"

namespace cohort::kernels {
namespace {

// Element operations of one column of a row, for dealing rows to threads.
constexpr int64_t kWorkAColumn = 4;

// Of a backward pass on the CPU: the rows and the columns of the vocabulary whose logits exist at a
// time, so that they and the part of the weight that makes them stay in the caches.
constexpr int64_t kBackwardRows = 512, kBackwardColumns = 1024;

// Rows whose logits exist at a time elsewhere: 16 MB of them, a function of the vocabulary alone,
// since in the device's backward the weight gradient is summed block by block.
int64_t rows_a_block(int64_t vocab) {
  constexpr int64_t kLogits = (16 << 20) / 4;
  return std::clamp<int64_t>(kLogits / vocab / 8 * 8, 8, 512);
}

// One block of rows on the device: log-probs of targets (undefined: none), lse, entropy, maximum.
struct DeviceSoftmax {
  at::Tensor max, lse, entropy, logprob;
};
void device_softmax(const device::DeviceOps& ops, const at::Tensor& logits,
                    const at::Tensor& targets, int64_t num_valid, float inv_temperature,
                    const DeviceSoftmax& out) {
  ops.softmax_rows({.rows = logits.size(0),
                    .columns = logits.size(1),
                    .num_valid = num_valid,
                    .inv_temperature = inv_temperature,
                    .logits = device::in_as<float>(logits),
                    .targets = device::in_as<int32_t>(targets),
                    .max = device::out_as<float>(out.max),
                    .lse = device::out_as<float>(out.lse),
                    .entropy = device::out_as<float>(out.entropy),
                    .logprob = targets.defined() ? device::out_as<float>(out.logprob) : nullptr});
}

struct TokenLogprobBackward final : torch::autograd::Node {
  SavedVariable h;
  at::Tensor targets, lse, entropy;  // all where h is
  const Param* w = nullptr;
  float inv_temperature = 1;
  int64_t num_valid = 0;
  RowShards shards;

  variable_list apply(variable_list&& grads) override;
  // What arrives at each row; null: nothing.
  struct RowGrads {
    const float *logprob, *entropy;
  };
  at::Tensor host_apply(const at::Tensor& hidden, const RowGrads& d,
                        const std::vector<int64_t>& borders) const;
  void part_logit_grads(const at::Tensor& logits, int64_t begin, int64_t first_column,
                        const RowGrads& d, const at::Tensor& d_logits) const;
  at::Tensor device_apply(const device::DeviceOps& ops, const at::Tensor& hidden, const RowGrads& d,
                          const std::vector<int64_t>& borders) const;
  void release_variables() override { h.reset_data(); }
};

void TokenLogprobBackward::part_logit_grads(const at::Tensor& logits, int64_t begin,
                                            int64_t first_column, const RowGrads& d,
                                            const at::Tensor& d_logits) const {
  const int64_t columns = logits.size(1);
  for_dtype(d_logits.scalar_type(), [&]<class T>() {
    parallel_items(logits.size(0), columns * kWorkAColumn, [&](int64_t first, int64_t last) {
      for (int64_t r = first; r < last; ++r) {
        const int64_t p = begin + r;
        const LogprobRowGrad g = {columns,
                                  std::clamp<int64_t>(num_valid - first_column, 0, columns),
                                  in_ptr<int32_t>(targets)[p] - first_column,
                                  inv_temperature,
                                  in_ptr<float>(lse)[p],
                                  in_ptr<float>(entropy)[p],
                                  d.logprob != nullptr ? d.logprob[p] : 0.0f,
                                  d.entropy != nullptr ? d.entropy[p] : 0.0f};
        logprob_row_backward<T>(in_ptr<float>(logits) + r * columns, g,
                                out_ptr<T>(d_logits) + r * columns);
      }
    });
  });
}

// Part by part of the vocabulary, so that the gradient of the head is read and written once a block
// of rows. Blocks start at shard borders: a shard's weight gradient does not depend on the shards
// beside it.
at::Tensor TokenLogprobBackward::host_apply(const at::Tensor& hidden, const RowGrads& d,
                                            const std::vector<int64_t>& borders) const {
  at::Tensor dh = at::empty_like(hidden);
  const int64_t vocab = w->data.size(0);
  const at::Tensor logits_buffer = at::empty({kBackwardRows * kBackwardColumns}, lse.options());
  const at::Tensor grads_buffer = at::empty({kBackwardRows * kBackwardColumns}, hidden.options());
  for (size_t s = 0; s + 1 < borders.size(); ++s) {
    for (int64_t begin = borders[s]; begin < borders[s + 1]; begin += kBackwardRows) {
      const int64_t rows = std::min(kBackwardRows, borders[s + 1] - begin);
      const at::Tensor x = hidden.narrow(0, begin, rows);
      at::Tensor dx = at::zeros({rows, hidden.size(1)}, lse.options());
      for (int64_t first = 0; first < vocab; first += kBackwardColumns) {
        const WeightPart part = {*w, first, std::min(kBackwardColumns, vocab - first)};
        const auto of_part = [&](const at::Tensor& buffer) {
          return buffer.narrow(0, 0, rows * part.count).view({rows, part.count});
        };
        at::Tensor logits = of_part(logits_buffer);
        linear_part_out(x, part, logits);
        const at::Tensor d_logits = of_part(grads_buffer);
        part_logit_grads(logits, begin, first, d, d_logits);
        linear_part_input_grad(d_logits, part, dx);
        if (w->trainable()) linear_part_weight_grad(d_logits, x, part, static_cast<int64_t>(s));
      }
      dh.narrow(0, begin, rows).copy_(dx);
    }
  }
  return dh;
}

at::Tensor TokenLogprobBackward::device_apply(const device::DeviceOps& ops,
                                              const at::Tensor& hidden, const RowGrads& d,
                                              const std::vector<int64_t>& borders) const {
  at::Tensor dh = at::empty_like(hidden);
  const int64_t vocab = w->data.size(0), block = rows_a_block(vocab);
  const at::Tensor logits_buffer = at::empty({block, vocab}, lse.options());
  const at::Tensor d_logits_buffer = at::empty({block, vocab}, hidden.options());
  for (size_t s = 0; s + 1 < borders.size(); ++s) {
    for (int64_t begin = borders[s]; begin < borders[s + 1]; begin += block) {
      const int64_t rows = std::min(block, borders[s + 1] - begin);
      const at::Tensor x = hidden.narrow(0, begin, rows);
      at::Tensor logits = logits_buffer.narrow(0, 0, rows);
      const at::Tensor d_logits = d_logits_buffer.narrow(0, 0, rows);
      linear_out(x, *w, logits);
      ops.logprob_grad({.element = device::element_of(d_logits),
                        .rows = rows,
                        .columns = vocab,
                        .num_valid = num_valid,
                        .inv_temperature = inv_temperature,
                        .logits = in_ptr<float>(logits),
                        .targets = in_ptr<int32_t>(targets) + begin,
                        .lse = in_ptr<float>(lse) + begin,
                        .entropy = in_ptr<float>(entropy) + begin,
                        .d_logprob = d.logprob != nullptr ? d.logprob + begin : nullptr,
                        .d_entropy = d.entropy != nullptr ? d.entropy + begin : nullptr,
                        .d_logits = device::out(d_logits)});
      at::Tensor dx = dh.narrow(0, begin, rows);
      linear_input_grad_out(d_logits, *w, dx);
      if (w->trainable()) {
        std::vector<int64_t> offsets(borders.size(), 0);
        std::fill(offsets.begin() + static_cast<int64_t>(s) + 1, offsets.end(), rows);
        linear_weight_grad(d_logits, x, *w, offsets);
      }
    }
  }
  return dh;
}

variable_list TokenLogprobBackward::apply(variable_list&& grads) {
  const at::Tensor hidden = h.unpack();
  const auto values = [](const at::Tensor& g) { return g.defined() ? g.contiguous() : g; };
  const at::Tensor d_logprob = values(grads[0]), d_entropy = values(grads[1]);
  const RowGrads d = {d_logprob.defined() ? in_ptr<float>(d_logprob) : nullptr,
                      d_entropy.defined() ? in_ptr<float>(d_entropy) : nullptr};
  const std::vector<int64_t> one_shard = {0, hidden.size(0)};
  const std::vector<int64_t>& borders = w->trainable() ? *shards : one_shard;
  if (const auto* ops = device_ops(hidden)) return {device_apply(*ops, hidden, d, borders)};
  return {host_apply(hidden, d, borders)};
}

void check_arguments(const at::Tensor& h, const Param& w, const at::Tensor& targets,
                     double temperature, int64_t num_valid, const RowShards& shards) {
  COHORT_CHECK(h.dim() == 2 && h.is_contiguous() && w.data.dim() == 2 &&
                   h.size(1) == w.data.size(1) && h.scalar_type() == w.data.scalar_type(),
               "token_logprob: h is contiguous [P, H], w [V, H] of its dtype");
  COHORT_CHECK(targets.dim() == 1 && targets.size(0) == h.size(0) && targets.is_contiguous() &&
                   targets.scalar_type() == at::kInt,
               "token_logprob: one int32 target a row");
  COHORT_CHECK(temperature > 0 && num_valid > 0 && num_valid <= w.data.size(0),
               "token_logprob: temperature {}, {} valid of {} columns", temperature, num_valid,
               w.data.size(0));
  const int32_t* target = in_ptr<int32_t>(targets);
  for (int64_t p = 0; p < h.size(0); ++p) {
    COHORT_CHECK(target[p] >= 0 && target[p] < num_valid, "target {} of {} columns", target[p],
                 num_valid);
  }
  if (w.trainable() && takes_gradient(h)) {
    COHORT_CHECK(shards && w.grad.size(0) + 1 == static_cast<int64_t>(shards->size()) &&
                     shards->back() == h.size(0),
                 "token_logprob: the row shards do not match w.grad or the rows");
  }
}

}  // namespace

TokenLogprob token_logprob(const at::Tensor& h, const Param& w, const at::Tensor& targets,
                           double temperature, int64_t num_valid, const RowShards& shards) {
  check_arguments(h, w, targets, temperature, num_valid, shards);
  const int64_t rows = h.size(0), vocab = w.data.size(0);
  const float inv_temperature = static_cast<float>(1.0 / temperature);
  const at::TensorOptions fp32 = h.options().dtype(at::kFloat);
  const TokenLogprob result = {at::empty({rows}, fp32), at::empty({rows}, fp32)};
  const at::Tensor lse = at::empty({rows}, fp32);
  const at::Tensor hidden = h.detach();
  const at::Tensor own_targets = targets.to(h.device());
  const auto* ops = device_ops(h);
  const int64_t block = std::min(rows_a_block(vocab), rows);
  at::Tensor buffer = at::empty({block, vocab}, fp32);
  for (int64_t begin = 0; begin < rows; begin += block) {
    const int64_t count = std::min(block, rows - begin);
    at::Tensor logits = buffer.narrow(0, 0, count);
    linear_out(hidden.narrow(0, begin, count), w, logits);
    if (ops != nullptr) {
      const auto part = [&](const at::Tensor& x) { return x.narrow(0, begin, count); };
      const DeviceSoftmax out = {at::empty({count}, fp32), part(lse), part(result.entropy),
                                 part(result.logprob)};
      device_softmax(*ops, logits, part(own_targets), num_valid, inv_temperature, out);
      continue;
    }
    parallel_items(count, vocab * kWorkAColumn, [&](int64_t first, int64_t last) {
      for (int64_t r = first; r < last; ++r) {
        const float* row = in_ptr<float>(logits) + r * vocab;
        const SoftmaxRow s = softmax_row(row, num_valid, inv_temperature);
        const int64_t p = begin + r;
        out_ptr<float>(lse)[p] = s.lse;
        out_ptr<float>(result.entropy)[p] = s.entropy;
        out_ptr<float>(result.logprob)[p] =
            row_logprob(row, in_ptr<int32_t>(targets)[p], {inv_temperature, s.max, s.lse});
      }
    });
  }
  if (takes_gradient(h)) {
    auto node = make_node<TokenLogprobBackward>(h);
    node->h = save_input(h);
    node->targets = own_targets;
    node->lse = lse;
    node->w = &w;
    node->inv_temperature = inv_temperature;
    node->num_valid = num_valid;
    node->shards = shards;
    node->entropy = result.entropy.detach();  // not the output itself, which would hold the node
    set_output(result.logprob, node);
    set_output(result.entropy, node);
  }
  return result;
}

at::Tensor logits(const at::Tensor& h, const Param& w) {
  at::Tensor out = result({h.size(0), w.data.size(0)}, h.options().dtype(at::kFloat));
  linear_out(h, w, out);
  return out;
}

std::vector<RowSoftmax> device_row_softmax(const at::Tensor& logits, int64_t num_valid,
                                           double temperature) {
  const auto* ops = device_ops(logits);
  if (ops == nullptr) return {};
  const float inv_temperature = static_cast<float>(1.0 / temperature);
  const auto column = [&] { return at::empty({logits.size(0)}, logits.options()); };
  const DeviceSoftmax out = {column(), column(), column(), at::Tensor()};
  device_softmax(*ops, logits, at::Tensor(), num_valid, inv_temperature, out);
  const at::Tensor max = out.max.cpu(), lse = out.lse.cpu();
  std::vector<RowSoftmax> rows;
  for (int64_t r = 0; r < logits.size(0); ++r)
    rows.push_back({inv_temperature, in_ptr<float>(max)[r], in_ptr<float>(lse)[r]});
  return rows;
}

RowSoftmax row_softmax(const float* row, int64_t num_valid, double temperature) {
  const float inv_temperature = static_cast<float>(1.0 / temperature);
  const SoftmaxRow s = softmax_row(row, num_valid, inv_temperature);
  return {inv_temperature, s.max, s.lse};
}

}  // namespace cohort::kernels
