// AdamW with masters and moments sharded over ranks (ZeRO-1), and the only sum of gradients over
// shards and ranks.
#pragma once

#include <span>
#include <vector>

#include "trainer/device_exchange.h"
#include "trainer/learner.h"

namespace cohort {

class ShardedAdamW {
 public:
  ShardedAdamW(ParameterStore& store, Communicator& comm, const OptimConfig& config);

  struct Outcome {
    double grad_norm = 0;  // global, before clipping
    bool ticked = false;   // false: the gradient was not finite and nothing was changed
  };
  // Sums store.grads() over local shards and ranks, clips, updates this rank's slice and publishes
  // it. MTP weights stay as they are unless train_mtp.
  Outcome step(double lr, bool train_mtp);
  // weights = round(masters of all ranks).
  void publish();

  Learner::State& state() { return state_; }
  const std::vector<int64_t>& bounds() const { return bounds_; }

 private:
  // Elements [begin, end) of the flat buffer that are treated alike.
  struct Range {
    int64_t begin, end;
    bool decay, mtp;
  };

  void reduce_gradients();
  void reduce_on_device();
  void share_weights();
  double global_norm();
  void update_slice(double lr, double grad_scale, bool train_mtp);

  ParameterStore& store_;
  Communicator& comm_;
  OptimConfig config_;
  std::vector<int64_t> bounds_;  // of every rank's slice; multiples of kNormBlock but for the last
  std::vector<Range> ranges_;    // of this rank's slice, ascending
  Learner::State state_;
  std::unique_ptr<DeviceExchange> exchange_;  // where the weights are in device memory
  at::Tensor shard_sum_;  // fp32 [numel]: over local shards; undefined with one rank
  at::Tensor grad_;       // fp32: the slice's gradient, summed over everything
};

}  // namespace cohort
