#include "kernels/moe/moe.h"

#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/threads.h"
#include "kernels/linear/gemm.h"
#include "kernels/memory/step_memory.h"
#include "kernels/moe/moe_device.h"
#include "kernels/moe/moe_rows.h"
#include "kernels/moe/plan.h"
#include "kernels/swiglu/swiglu_rows.h"

// Per row r, with t its token, e its expert, w its weight:
//   hidden = gate_up_e x_t;  act = silu(gate) * up;  out = down_e act;  y_t = sum_j w_j out_j
// Backward:
//   d_act = down_e^T dy_t;  dw = act . d_act  ( = dy_t . out, without keeping out)
//   d_hidden = swiglu'(w d_act);  dx_t = sum_j gate_up_e^T d_hidden_j
//   d_gate_up_e += d_hidden x_t^T;  d_down_e += dy_t (w act)^T, each by shard, in row order
namespace cohort::kernels {
namespace {

using gemm::MicroKernels;
using gemm::Output;
using gemm::Rows;
using gemm::Scratch;

// A run of rows of one expert: what one thread takes at a time.
struct Block {
  int64_t expert, begin, rows;
};

// They last until the thread asks again.
const std::vector<Block>& blocks_of(const MoePlan& plan) {
  constexpr int64_t kMinRows = 28, kMaxRows = 128;
  const int64_t threads = num_threads();
  const int64_t wanted = threads == 1 ? kMaxRows : plan.rows() / (6 * threads);
  const int64_t most = std::clamp(wanted, kMinRows, kMaxRows);
  static thread_local std::vector<Block> blocks;
  blocks.clear();
  for (size_t e = 0; e + 1 < plan.offsets.size(); ++e) {
    const int64_t begin = plan.offsets[e], rows = plan.offsets[e + 1] - begin;
    const int64_t pieces = (rows + most - 1) / most;
    for (int64_t i = 0; i < pieces; ++i) {
      const int64_t first = begin + i * rows / pieces;
      blocks.push_back({static_cast<int64_t>(e), first, begin + (i + 1) * rows / pieces - first});
    }
  }
  return blocks;
}

// work(block) for all, on all threads when there is enough to do.
template <class Work>
void for_blocks(const std::vector<Block>& blocks, int64_t multiply_adds, const Work& work) {
  if (multiply_adds > (1 << 20))
    return parallel_tasks(static_cast<int64_t>(blocks.size()),
                          [&](int64_t i) { work(blocks[static_cast<size_t>(i)]); });
  for (const Block& block : blocks) work(block);
}

struct Shape {
  int64_t experts, hidden, inner;
};

// The typed halves of the op; T is float or Bf16.
template <class T>
struct Moe {
  const MicroKernels& kernels;
  const MoePlan& plan;
  const Param& gate_up;
  const Param& down;
  Shape shape;

  static constexpr Output kOutput = std::is_same_v<T, float> ? Output::kFp32 : Output::kBf16;
  static constexpr int64_t kBytes = sizeof(T);

  static T* data(const at::Tensor& t) { return static_cast<T*>(t.data_ptr()); }
  template <class U>
  static U* scratch(Scratch slot, int64_t size) {
    return reinterpret_cast<U*>(gemm::thread_scratch(slot, size * sizeof(U)));
  }
  template <class U>
  static gemm::Target2D target(U* rows, int64_t width) {
    return {reinterpret_cast<char*>(rows), width,
            std::is_same_v<U, float> ? Output::kFp32 : Output::kBf16};
  }
  static Rows rows(const T* data, int64_t width) {
    return {reinterpret_cast<const char*>(data), width * kBytes};
  }
  // The tokens of the sorted rows from `begin` on.
  Rows picked(const at::Tensor& x, int64_t begin) const {
    Rows r = gemm::rows_of(x);
    r.index = plan.token.data() + begin;
    return r;
  }

  // y[t] = sum over choices of weights * rows; weights null: plain sum.
  void combine(const at::Tensor& expert_rows, const float* weights, at::Tensor& y) const {
    const int64_t width = shape.hidden, top_k = plan.top_k;
    parallel_ranges(plan.tokens, (32 << 10) / (top_k * width) + 1, [&](int64_t t, int64_t end) {
      for (; t < end; ++t) {
        combine_rows(data(expert_rows), plan.row.data() + t * top_k,
                     weights ? weights + t * top_k : nullptr, top_k, width, data(y) + t * width);
      }
    });
  }

  // `hidden` [rows, 2I] is kept for backward when it is defined.
  void forward(const at::Tensor& x, const at::Tensor& weight, at::Tensor& hidden,
               at::Tensor& y) const {
    const gemm::PackedWeight up = gemm::packed_forward(gate_up), dn = gemm::packed_forward(down);
    const at::Tensor out = result({plan.rows(), shape.hidden}, x.options());
    const int64_t inner = shape.inner;
    for_blocks(blocks_of(plan), plan.rows() * 3 * inner * shape.hidden, [&](const Block& b) {
      T* h = hidden.defined() ? data(hidden) + b.begin * 2 * inner
                              : scratch<T>(Scratch::kFirst, b.rows * 2 * inner);
      T* act = scratch<T>(Scratch::kSecond, b.rows * inner);
      gemm::multiply_block(kernels, picked(x, b.begin), b.rows, up, b.expert, target(h, 2 * inner));
      swiglu_rows(h, act, b.rows, inner);
      gemm::multiply_block(kernels, rows(act, inner), b.rows, dn, b.expert,
                           target(data(out) + b.begin * shape.hidden, shape.hidden));
    });
    combine(out, weight.const_data_ptr<float>(), y);
  }

  void backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight,
                const at::Tensor& hidden, const RowShards& shards, at::Tensor& dx,
                at::Tensor& d_weight) const {
    const gemm::PackedWeight up = gemm::packed_backward(gate_up), dn = gemm::packed_backward(down);
    const int64_t inner = shape.inner;
    const at::Tensor d_hidden = at::empty({plan.rows(), 2 * inner}, x.options());
    const at::Tensor weighted_act = at::empty({plan.rows(), inner}, x.options());
    const at::Tensor d_rows = at::empty({plan.rows(), shape.hidden}, x.options());
    const float* w = weight.const_data_ptr<float>();
    float* dw = d_weight.data_ptr<float>();
    for_blocks(blocks_of(plan), plan.rows() * 3 * inner * shape.hidden, [&](const Block& b) {
      float* d_act = scratch<float>(Scratch::kFirst, b.rows * inner);
      T* d_weighted = scratch<T>(Scratch::kSecond, b.rows * inner);
      const T* h = data(hidden) + b.begin * 2 * inner;
      T* act = data(weighted_act) + b.begin * inner;
      T* dh = data(d_hidden) + b.begin * 2 * inner;
      gemm::multiply_block(kernels, picked(dy, b.begin), b.rows, dn, b.expert,
                           target(d_act, inner));
      swiglu_rows(h, act, b.rows, inner);
      for (int64_t r = 0; r < b.rows; ++r) {
        const int32_t slot = plan.slot[b.begin + r];
        dw[slot] = weigh_expert_row(w[slot], d_act + r * inner, act + r * inner,
                                    d_weighted + r * inner, inner);
      }
      swiglu_rows_backward(h, d_weighted, dh, b.rows, inner);
      gemm::multiply_block(kernels, rows(dh, 2 * inner), b.rows, up, b.expert,
                           target(data(d_rows) + b.begin * shape.hidden, shape.hidden));
    });
    combine(d_rows, nullptr, dx);
    if (gate_up.trainable() || down.trainable()) {
      COHORT_CHECK(shards != nullptr, "moe: a trainable weight needs the rows of its shards");
      const std::vector<int64_t> segments = plan.shard_segments(*shards);
      if (gate_up.trainable()) {
        gemm::weight_grad(kernels, gemm::rows_of(d_hidden), picked(x, 0), 2 * inner, shape.hidden,
                          gemm::grouped_segments(gate_up, segments));
      }
      if (down.trainable()) {
        gemm::weight_grad(kernels, picked(dy, 0), gemm::rows_of(weighted_act), shape.hidden, inner,
                          gemm::grouped_segments(down, segments));
      }
    }
  }
};

template <class Fn>
void with_type(const at::Tensor& x, const MoePlan& plan, const Param& gate_up, const Param& down,
               const Fn& fn) {
  const MicroKernels& kernels = gemm::micro_kernels(x.scalar_type(), gate_up.format);
  const Shape shape{gate_up.data.size(0), down.data.size(1), down.data.size(2)};
  if (x.scalar_type() == at::kFloat) {
    fn(Moe<float>{kernels, plan, gate_up, down, shape});
  } else {
    fn(Moe<Bf16>{kernels, plan, gate_up, down, shape});
  }
}

class MoeBackward : public torch::autograd::Node {
 public:
  MoeBackward(const at::Tensor& x, const at::Tensor& weight, at::Tensor hidden, MoePlan plan,
              DeviceMoePlan device_plan, const Param& gate_up, const Param& down, RowShards shards)
      : x_(x),
        weight_(weight),
        hidden_(std::move(hidden)),
        plan_(std::move(plan)),
        device_plan_(std::move(device_plan)),
        gate_up_(&gate_up),
        down_(&down),
        shards_(std::move(shards)) {}

  std::string name() const override { return "cohort::moe"; }
  void release_variables() override {
    x_.reset();
    weight_.reset();
    hidden_.reset();
  }

 protected:
  torch::autograd::variable_list apply(torch::autograd::variable_list&& grads) override {
    if (!grads[0].defined()) return {at::Tensor(), at::Tensor()};
    COHORT_CHECK(hidden_.defined(), "moe: a second backward through a freed graph");
    const at::Tensor dy = grads[0].contiguous();
    at::Tensor dx = at::empty(x_.sizes(), x_.options());
    at::Tensor d_weight = at::empty(weight_.sizes(), weight_.options());
    if (const auto* ops = device_ops(x_)) {
      device_moe_backward(*ops, dy, x_, weight_, hidden_, device_plan_, *gate_up_, *down_, shards_,
                          dx, d_weight);
    } else {
      with_type(x_, plan_, *gate_up_, *down_, [&](const auto& op) {
        op.backward(dy, x_, weight_, hidden_, shards_, dx, d_weight);
      });
    }
    return {dx, d_weight};
  }

 private:
  at::Tensor x_, weight_, hidden_;
  MoePlan plan_;               // of a CPU
  DeviceMoePlan device_plan_;  // or of a device
  const Param* gate_up_;
  const Param* down_;
  RowShards shards_;
};

void check(const at::Tensor& x, const at::Tensor& index, const at::Tensor& weight,
           const Param& gate_up, const Param& down) {
  COHORT_CHECK(gate_up.data.dim() == 3 && down.data.dim() == 3 &&
                   gate_up.data.size(0) == down.data.size(0) &&
                   gate_up.data.size(1) == 2 * down.data.size(2) &&
                   gate_up.data.size(2) == down.data.size(1),
               "moe: gate_up must be [E, 2I, H] and down [E, H, I]");
  COHORT_CHECK(x.dim() == 2 && x.size(1) == down.data.size(1) && index.size(0) == x.size(0),
               "moe: x must be [{}, {}]", index.size(0), down.data.size(1));
  COHORT_CHECK(
      x.scalar_type() == gate_up.data.scalar_type() && x.scalar_type() == down.data.scalar_type(),
      "moe: x is {}, the weights {} and {}", c10::toString(x.scalar_type()),
      c10::toString(gate_up.data.scalar_type()), c10::toString(down.data.scalar_type()));
  COHORT_CHECK(gate_up.format == down.format, "moe: gate_up and down are of one format");
  COHORT_CHECK(weight.scalar_type() == at::kFloat && weight.is_contiguous() &&
                   weight.sizes() == index.sizes(),
               "moe: weight must be contiguous fp32, as large as index");
}

}  // namespace

at::Tensor moe(const at::Tensor& x, const at::Tensor& index, const at::Tensor& weight,
               const Param& gate_up, const Param& down, const RowShards& shards) {
  check(x, index, weight, gate_up, down);
  const auto* ops = device_ops(x);
  const int64_t experts = gate_up.data.size(0);
  static thread_local MoePlan kept;
  MoePlan& plan = kept;  // which a graph's node takes away
  DeviceMoePlan device_plan;
  if (ops != nullptr) {
    device_plan = device_moe_plan(*ops, index.to(x.device()), experts);
  } else {
    make_moe_plan(index, experts, plan);
  }
  const bool with_grad =
      c10::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad());
  COHORT_CHECK(gate_up.format == WeightFormat::same || (!with_grad && device_ops(x) == nullptr),
               "moe: 8-bit weights have no gradient, and are for the CPU");
  at::Tensor hidden;
  if (with_grad) hidden = at::empty({index.numel(), gate_up.data.size(1)}, x.options());
  at::Tensor y = result({x.size(0), x.size(1)}, x.options());
  if (ops != nullptr) {
    device_moe(*ops, x, weight, device_plan, gate_up, down, hidden, y);
  } else {
    with_type(x, plan, gate_up, down, [&](const auto& op) { op.forward(x, weight, hidden, y); });
  }
  if (with_grad) {
    auto node =
        std::shared_ptr<MoeBackward>(new MoeBackward(x, weight, std::move(hidden), std::move(plan),
                                                     std::move(device_plan), gate_up, down, shards),
                                     torch::autograd::deleteNode);
    node->set_next_edges(torch::autograd::collect_next_edges(x, weight));
    torch::autograd::set_history(y, node);
  }
  return y;
}

}  // namespace cohort::kernels
