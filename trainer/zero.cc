#include "trainer/zero.h"

#include "core/base/error.h"
#include "kernels/device/device.h"
#include "kernels/optimizer/flat_ops.h"

namespace cohort {
namespace {

// Of the buffers of a reduce-scatter on the device: 64 MiB each.
constexpr int64_t kWindowFloats = int64_t{16} << 20;

std::span<float> floats(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

std::vector<int64_t> slice_bounds(int64_t numel, int64_t num_ranks) {
  const int64_t blocks = (numel + kernels::kNormBlock - 1) / kernels::kNormBlock;
  std::vector<int64_t> bounds;
  for (int64_t r = 0; r <= num_ranks; ++r) {
    bounds.push_back(std::min(numel, blocks * r / num_ranks * kernels::kNormBlock));
  }
  return bounds;
}

}  // namespace

ShardedAdamW::ShardedAdamW(ParameterStore& store, Communicator& comm, const OptimConfig& config)
    : store_(store),
      comm_(comm),
      config_(config),
      bounds_(slice_bounds(store.numel(), comm.size())) {
  state_.begin = bounds_[comm.rank()];
  state_.end = bounds_[comm.rank() + 1];
  const int64_t size = state_.end - state_.begin;
  state_.master = store.flat().narrow(0, state_.begin, size);
  if (store.dtype() != at::kFloat) state_.master = state_.master.to(at::kFloat);
  const at::TensorOptions fp32 = store.flat().options().dtype(at::kFloat);
  state_.m = at::zeros({size}, fp32);
  state_.v = at::zeros({size}, fp32);
  grad_ = at::empty({size}, fp32);
  if (comm.size() > 1) shard_sum_ = at::empty({store.numel()}, fp32);
  if (kernels::device_ops(grad_) != nullptr) exchange_ = make_device_exchange(comm, grad_);

  for (const TensorEntry& entry : store.tensors()) {
    const int64_t begin = std::max(entry.offset, state_.begin);
    const int64_t end = std::min(entry.offset + entry.numel, state_.end);
    if (begin >= end) continue;
    const bool extends =
        !ranges_.empty() && ranges_.back().decay == entry.decay && ranges_.back().mtp == entry.mtp;
    if (extends) {
      ranges_.back().end = end;
    } else {
      ranges_.push_back({begin, end, entry.decay, entry.mtp});
    }
  }
}

ShardedAdamW::Outcome ShardedAdamW::step(double lr, bool train_mtp) {
  reduce_gradients();
  Outcome outcome;
  outcome.grad_norm = global_norm();
  outcome.ticked = std::isfinite(outcome.grad_norm);
  if (!outcome.ticked) return outcome;
  const bool clip = config_.grad_clip > 0 && outcome.grad_norm > config_.grad_clip;
  update_slice(lr, clip ? config_.grad_clip / outcome.grad_norm : 1.0, train_mtp);
  publish();
  return outcome;
}

// The tree over all logical shards: its lower levels here, its upper levels over the ranks.
void ShardedAdamW::reduce_gradients() {
  if (exchange_) return reduce_on_device();
  const at::Tensor& grads = store_.grads();
  std::vector<const float*> shards;
  for (int64_t s = 0; s < grads.size(0); ++s)
    shards.push_back(store_.has_gradients(s) ? grads.data_ptr<float>() + s * grads.size(1)
                                             : nullptr);
  if (comm_.size() == 1) return tree_sum(shards, floats(grad_));
  tree_sum(shards, floats(shard_sum_));
  reduce_scatter_tree(comm_, floats(shard_sum_), bounds_, floats(grad_),
                      "reduce-scatter of gradients");
}

// The same in device memory: what reduce_scatter_tree does, with windows of every rank's slice.
void ShardedAdamW::reduce_on_device() {
  if (comm_.size() == 1) return kernels::device_tree_sum(store_.grads(), grad_);
  kernels::device_tree_sum(store_.grads(), shard_sum_);
  const int64_t ranks = comm_.size();
  int64_t longest = 0;
  for (int64_t r = 0; r < ranks; ++r) longest = std::max(longest, bounds_[r + 1] - bounds_[r]);
  const int64_t window = std::min(longest, std::max<int64_t>(1, kWindowFloats / ranks));
  const at::Tensor send = at::zeros({ranks, window}, grad_.options());
  const at::Tensor receive = at::empty({ranks, window}, grad_.options());
  for (int64_t begin = 0; begin < longest; begin += window) {
    const auto count_of = [&](int64_t r) {
      return std::clamp<int64_t>(bounds_[r + 1] - bounds_[r] - begin, 0, window);
    };
    for (int64_t r = 0; r < ranks; ++r) {
      if (count_of(r) == 0) continue;
      send[r]
          .narrow(0, 0, count_of(r))
          .copy_(shard_sum_.narrow(0, bounds_[r] + begin, count_of(r)));
    }
    exchange_->all_to_all(send, receive, "reduce-scatter of gradients");
    const int64_t count = count_of(comm_.rank());
    if (count > 0)
      kernels::device_tree_sum(receive.narrow(1, 0, count), grad_.narrow(0, begin, count));
  }
}

// Blocks lie in rank order, so their sums are added in the order of the flat buffer.
double ShardedAdamW::global_norm() {
  const std::vector<double> blocks = kernels::block_sums_of_squares(grad_);
  double sum = 0;
  for (const auto& part : comm_.all_gather_v(std::as_bytes(std::span(blocks)), "gradient norm")) {
    std::vector<double> values(part.size() / sizeof(double));
    if (!part.empty()) std::memcpy(values.data(), part.data(), part.size());
    for (double value : values) sum += value;
  }
  return std::sqrt(sum);
}

void ShardedAdamW::update_slice(double lr, double grad_scale, bool train_mtp) {
  COHORT_CHECK_EQ(config_.betas.size(), size_t{2});
  ++state_.tick;
  for (const Range& range : ranges_) {
    if (range.mtp && !train_mtp) continue;
    const auto part = [&](const at::Tensor& tensor) {
      return tensor.narrow(0, range.begin - state_.begin, range.end - range.begin);
    };
    kernels::adamw_update(part(state_.master), part(state_.m), part(state_.v), part(grad_),
                          {.lr = lr,
                           .beta1 = config_.betas[0],
                           .beta2 = config_.betas[1],
                           .eps = config_.eps,
                           .weight_decay = range.decay ? config_.weight_decay : 0.0,
                           .grad_scale = grad_scale,
                           .step = state_.tick});
  }
}

void ShardedAdamW::publish() {
  const at::Tensor& flat = store_.flat();
  const auto slice = flat.narrow(0, state_.begin, state_.end - state_.begin);
  if (store_.dtype() == at::kBFloat16) {
    kernels::round_to_bf16(state_.master, slice);
  } else {
    COHORT_CHECK(slice.data_ptr() == state_.master.data_ptr(),
                 "fp32 masters are the weights themselves");
  }
  share_weights();
  store_.touch();
}

// Every rank's slice to all.
void ShardedAdamW::share_weights() {
  constexpr const char* kWhat = "all-gather of weights";
  const at::Tensor& flat = store_.flat();
  const size_t width = flat.element_size();
  for (int r = 0; r < comm_.size() && comm_.size() > 1; ++r) {
    const int64_t begin = bounds_[r], size = bounds_[r + 1] - begin;
    if (exchange_)
      exchange_->broadcast(flat.narrow(0, begin, size), r, kWhat);
    else
      comm_.broadcast({static_cast<std::byte*>(flat.data_ptr()) + begin * width, size * width}, r,
                      kWhat);
  }
}

}  // namespace cohort
