// The CUDA kernels against the CPU's, op by op, forward and backward. Everywhere they run as their
// sources compiled for the host (tests/support/cuda_on_host.h), in both orders of threads; on a GPU
// too, where the device library loads.
#include "kernels/device/device.h"

#include <ATen/core/grad_mode.h>
#include <dlfcn.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/comm/device_communicator.h"
#include "kernels/attention/attention.h"
#include "kernels/bias/bias.h"
#include "kernels/embedding/embedding.h"
#include "kernels/linear/linear.h"
#include "kernels/moe/moe.h"
#include "kernels/optimizer/flat_ops.h"
#include "kernels/rms_norm/rms_norm.h"
#include "kernels/rope/rope.h"
#include "kernels/router/router.h"
#include "kernels/rows/rows.h"
#include "kernels/swiglu/swiglu.h"
#include "kernels/token_logprob/token_logprob.h"
#include "tests/kernels/op_test_support.h"
#include "tests/support/device_under_test.h"

namespace cohort::kernels {
namespace {

using testing_support::DeviceUnderTest;
using testing_support::OnDevice;

// What an op gives: its outputs, the gradients of its inputs, the gradients of its weights.
using Results = std::vector<at::Tensor>;
// Runs an op on inputs and weights that lie on the device at hand. Gradients of the outputs are
// fixed: output i of n elements has shaped(sizes, 100 + i).
struct Op {
  std::vector<at::Tensor> inputs;   // that take a gradient
  std::vector<at::Tensor> weights;  // of Params, with `shards` shards
  std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>&, std::vector<Param>&)> run;
  int64_t shards = 2;
};

Results run(const Op& op, const DeviceUnderTest& where) {
  const OnDevice guard(where);
  const at::AutoGradMode with_graph(true);
  std::vector<at::Tensor> inputs;
  for (const at::Tensor& x : op.inputs)
    inputs.push_back(where.put(x.clone()).detach().set_requires_grad(true));
  std::vector<Param> weights;
  for (const at::Tensor& w : op.weights) {
    weights.push_back(make_param(where.put(w.clone()), op.shards));
    weights.back().grad = where.put(weights.back().grad);
  }
  const std::vector<at::Tensor> outputs = op.run(inputs, weights);
  std::vector<at::Tensor> roots, gradients;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].requires_grad()) continue;
    roots.push_back(outputs[i]);
    gradients.push_back(where.put(shaped(outputs[i].sizes(), 100 + i, outputs[i].scalar_type())));
  }
  torch::autograd::backward(roots, gradients);
  Results results;
  for (const at::Tensor& x : outputs) results.push_back(x.detach().cpu());
  for (const at::Tensor& x : inputs)
    results.push_back(x.grad().defined() ? x.grad().cpu() : x.grad());
  for (const Param& w : weights) results.push_back(w.grad.cpu());
  return results;
}

// Largest difference in units of the largest value of a tensor; the sums of both sides run in
// another order, and bf16 results may round to the other side.
void expect_same_results(const Results& want, const Results& got, at::ScalarType dtype) {
  ASSERT_EQ(want.size(), got.size());
  for (size_t i = 0; i < want.size(); ++i) {
    ASSERT_EQ(want[i].defined(), got[i].defined()) << "result " << i;
    if (!want[i].defined()) continue;
    ASSERT_EQ(want[i].sizes(), got[i].sizes()) << "result " << i;
    const Doubles a = doubles(want[i]), b = doubles(got[i]);
    double largest = 1e-3;
    for (double x : a) largest = std::max(largest, std::abs(x));
    for (size_t j = 0; j < a.size(); ++j)
      ASSERT_LE(std::abs(a[j] - b[j]), (dtype == at::kFloat ? 2e-5 : 2e-2) * largest)
          << "result " << i << " element " << j << ": " << b[j] << " against " << a[j];
  }
}

class DeviceOpTest : public testing::TestWithParam<at::ScalarType> {
 protected:
  at::Tensor values(at::IntArrayRef sizes, uint64_t seed) {
    return shaped(sizes, seed, GetParam()).mul_(0.5);
  }
  static void expect_every_device_matches(const Op& op) {
    const Results want = run(op, testing_support::cpu());
    for (const DeviceUnderTest& where : testing_support::devices_under_test()) {
      SCOPED_TRACE(where.name);
      const Results got = run(op, where);
      expect_same_results(want, got, GetParam());
      if (!where.emulated) continue;
      testing_support::set_thread_order(/*reversed=*/true);
      const Results again = run(op, where);
      testing_support::set_thread_order(/*reversed=*/false);
      for (size_t i = 0; i < got.size(); ++i) {
        if (got[i].defined()) {
          EXPECT_TRUE(same_bits(got[i], again[i])) << "result " << i;
        }
      }
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Dtypes, DeviceOpTest, testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& info) {
                           return info.param == at::kFloat ? "fp32" : "bf16";
                         });

TEST_P(DeviceOpTest, Linear) {
  const RowShards shards = row_shards({0, 29, 70});
  expect_every_device_matches(
      {{values({70, 37}, 1)}, {values({67, 37}, 2)}, [&](const auto& x, auto& w) {
         return std::vector<at::Tensor>{linear(x[0], w[0], shards)};
       }});
  expect_every_device_matches(
      {{values({5, 16}, 1)}, {values({130, 16}, 2)}, [&](const auto& x, auto& w) {
         return std::vector<at::Tensor>{linear(x[0], w[0], row_shards({0, 0, 5}), true)};
       }});
}

TEST_P(DeviceOpTest, WeightGradientsOfManyRowsAreSummedInChunks) {
  const RowShards shards = row_shards({0, 600, 1100});
  expect_every_device_matches(
      {{values({1100, 8}, 1)}, {values({9, 8}, 2)}, [&](const auto& x, auto& w) {
         return std::vector<at::Tensor>{linear(x[0], w[0], shards)};
       }});
}

// Two completions that share a prompt of 5 rows, and the last rows of a sequence of more keys than
// a block of threads.
AttentionLayoutPtr shared_prompt_layout() {
  auto layout = std::make_shared<AttentionLayout>();
  layout->query_offsets = {0, 5, 8, 12, 15};
  layout->first_position = {0, 5, 5, 128};
  layout->key_offsets = {0, 5, 13, 22, 153};
  for (int32_t r : {0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 8, 9, 10, 11})
    layout->key_rows.push_back(r);
  for (int32_t r = 12; r < 143; ++r) layout->key_rows.push_back(r);
  layout->tree_offsets = {0, 3, 4};
  return layout;
}

TEST_P(DeviceOpTest, Attention) {
  for (const int64_t kv_heads : {int64_t{1}, int64_t{2}}) {
    SCOPED_TRACE(kv_heads);
    expect_every_device_matches(
        {{values({15, 2, 12}, 1), values({143, kv_heads, 12}, 2), values({143, kv_heads, 6}, 3)},
         {},
         [](const auto& x, auto&) {
           return std::vector<at::Tensor>{attention(x[0], x[1], x[2], shared_prompt_layout(), 0.2)};
         }});
  }
}

AttentionLayoutPtr one_sequence(int32_t rows) {
  auto layout = std::make_shared<AttentionLayout>();
  layout->query_offsets = layout->key_offsets = {0, rows};
  layout->first_position = {0};
  for (int32_t r = 0; r < rows; ++r) layout->key_rows.push_back(r);
  return layout;
}

// More pairs of a query and a head that see one key than a block of threads.
TEST_P(DeviceOpTest, AttentionOfManyQueriesOnOneKey) {
  expect_every_device_matches(
      {{values({34, 4, 4}, 1), values({34, 1, 4}, 2), values({34, 1, 4}, 3)},
       {},
       [](const auto& x, auto&) {
         return std::vector<at::Tensor>{attention(x[0], x[1], x[2], one_sequence(34), 0.5)};
       }});
}

// Windows shorter and longer than the blocks of keys and the chunks of either side.
TEST_P(DeviceOpTest, AttentionWithAWindow) {
  for (const int64_t window : {1, 5, 33, 70, 200}) {
    SCOPED_TRACE(window);
    expect_every_device_matches(
        {{values({15, 4, 12}, 1), values({143, 2, 12}, 2), values({143, 2, 6}, 3)},
         {},
         [&](const auto& x, auto&) {
           return std::vector<at::Tensor>{
               attention(x[0], x[1], x[2], shared_prompt_layout(), 0.2, window)};
         }});
    expect_every_device_matches(
        {{values({150, 2, 8}, 1), values({150, 1, 8}, 2), values({150, 1, 8}, 3)},
         {},
         [&](const auto& x, auto&) {
           return std::vector<at::Tensor>{
               attention(x[0], x[1], x[2], one_sequence(150), 0.3, window)};
         }});
  }
}

TEST_P(DeviceOpTest, Bias) {
  expect_every_device_matches(
      {{values({11, 70}, 1)}, {values({70}, 2)}, [](const auto& x, auto& w) {
         return std::vector<at::Tensor>{add_bias(x[0], w[0], row_shards({0, 4, 11}))};
       }});
}

TEST_P(DeviceOpTest, AttentionOfWideHeads) {
  expect_every_device_matches(
      {{values({9, 2, 150}, 1), values({9, 1, 150}, 2), values({9, 1, 290}, 3)},
       {},
       [](const auto& x, auto&) {
         return std::vector<at::Tensor>{attention(x[0], x[1], x[2], one_sequence(9), 0.1)};
       }});
}

TEST_P(DeviceOpTest, RmsNorm) {
  const RowShards shards = row_shards({0, 3, 11});
  for (const int64_t dim : {int64_t{7}, int64_t{300}}) {
    for (const bool unit_offset : {false, true})
      expect_every_device_matches(
          {{values({11, dim}, 1)}, {values({dim}, 2)}, [&](const auto& x, auto& w) {
             return std::vector<at::Tensor>{rms_norm(x[0], w[0], {1e-6, unit_offset}, shards)};
           }});
    expect_every_device_matches({{values({11, dim}, 1), values({11, dim}, 3)},
                                 {values({dim}, 2)},
                                 [&](const auto& x, auto& w) {
                                   const auto y = add_rms_norm(x[0], x[1], w[0], 1e-6, shards);
                                   return std::vector<at::Tensor>{y.residual, y.normed};
                                 }});
  }
}

TEST_P(DeviceOpTest, Rope) {
  for (const bool interleaved : {false, true}) {
    expect_every_device_matches({{values({6, 3, 20}, 1)}, {}, [&](const auto& x, auto&) {
                                   const RopeTable table =
                                       make_rope_table({.rotary = 8}, 32).to(x[0].device());
                                   return std::vector<at::Tensor>{
                                       rope(x[0], table, ints({0, 3, 31, 4, 4, 9}), interleaved)};
                                 }});
  }
}

TEST_P(DeviceOpTest, Swiglu) {
  for (const GateActivation act : {GateActivation::silu, GateActivation::gelu_tanh})
    expect_every_device_matches({{values({13, 2 * 29}, 1)}, {}, [&](const auto& x, auto&) {
                                   return std::vector<at::Tensor>{swiglu(x[0], act)};
                                 }});
}

TEST_P(DeviceOpTest, Router) {
  const RowShards shards = row_shards({0, 8, 21});
  const at::Tensor bias = shaped({8}, 9).mul_(0.1);
  RouterConfig config{.num_experts = 8, .top_k = 3, .num_groups = 4, .top_k_groups = 2};
  config.routed_scaling_factor = 2.5;
  for (const auto& [norm, softmax] : {std::pair{true, false}, {false, false}, {true, true}}) {
    config.norm_topk_prob = norm;
    config.softmax = softmax;
    std::vector<double> losses;
    expect_every_device_matches(
        {{values({21, 33}, 1)}, {values({8, 33}, 2)}, [&](const auto& x, auto& w) {
           double loss = 0;
           const BalanceLoss balance{
               .sequence_offsets = {0, 5, 5, 21}, .coef = {0.3f, 1.0f, 0.2f}, .loss = &loss};
           const Routing routing = route(x[0], w[0], bias, config, shards, &balance);
           losses.push_back(loss);
           return std::vector<at::Tensor>{routing.index, routing.weight};
         }});
    for (double loss : losses) EXPECT_NEAR(loss, losses[0], 1e-5 * losses[0]);
  }
}

TEST_P(DeviceOpTest, Experts) {
  const RowShards shards = row_shards({0, 4, 9});
  at::Tensor index = at::empty({9, 2}, at::kInt);
  for (int32_t i = 0; i < 18; ++i) index.data_ptr<int32_t>()[i] = (i * 7 / 2) % 5;  // 5 unused
  Op op{{values({9, 21}, 1), shaped({9, 2}, 4)},
        {values({6, 2 * 11, 21}, 2), values({6, 21, 11}, 3)},
        [&](const auto& x, auto& w) {
          return std::vector<at::Tensor>{moe(x[0], index, x[1], w[0], w[1], shards)};
        }};
  expect_every_device_matches(op);
}

TEST_P(DeviceOpTest, EmbeddingAndRows) {
  const at::Tensor tokens = ints({3, 0, 3, 3, 9, 1, 0});
  const RowShards shards = row_shards({0, 2, 7});
  expect_every_device_matches({{}, {values({10, 19}, 2)}, [&](const auto&, auto& w) {
                                 return std::vector<at::Tensor>{embedding(tokens, w[0], shards)};
                               }});
  expect_every_device_matches(
      {{values({8, 19}, 1)}, {}, [&](const auto& x, auto&) {
         return std::vector<at::Tensor>{pick_rows(x[0], ints({7, 2, 2, 0, 7, 2}))};
       }});
}

TEST_P(DeviceOpTest, TokenLogprob) {
  const RowShards shards = row_shards({0, 3, 10});
  const at::Tensor targets = ints({0, 5, 300, 299, 7, 7, 1, 2, 3, 301});
  expect_every_device_matches(
      {{values({10, 17}, 1)}, {values({320, 17}, 2)}, [&](const auto& x, auto& w) {
         const auto y = token_logprob(x[0], w[0], targets, 0.7, 302, shards);
         return std::vector<at::Tensor>{y.logprob, y.entropy};
       }});
}

// What a rollout draws from is what training computes: the same bits, from one row or from many.
TEST_P(DeviceOpTest, SampledLogProbsHaveTheBitsOfTraining) {
  const at::Tensor h = values({9, 40}, 1), weight = values({300, 40}, 2);
  const at::Tensor targets = ints({0, 5, 200, 299, 7, 7, 1, 2, 3});
  for (const DeviceUnderTest& where : testing_support::devices_under_test()) {
    const OnDevice guard(where);
    const at::NoGradGuard no_grad;
    Param w = make_param(where.put(weight), 0);
    const at::Tensor trained =
        token_logprob(where.put(h), w, targets, 0.7, 300, nullptr).logprob.cpu();
    for (int64_t r = 0; r < 9; ++r) {
      const at::Tensor row = logits(where.put(h).narrow(0, r, 1), w);
      const std::vector<RowSoftmax> softmax = device_row_softmax(row, 300, 0.7);
      ASSERT_EQ(softmax.size(), size_t{1});
      const at::Tensor host = row.cpu();
      EXPECT_EQ(
          row_logprob(host.const_data_ptr<float>(), targets.data_ptr<int32_t>()[r], softmax[0]),
          trained.data_ptr<float>()[r])
          << where.name << " row " << r;
    }
  }
}

// The contract, on the device: a row alone has the bits that it has in a batch.
TEST_P(DeviceOpTest, RowsAreTheSameAloneAndInABatch) {
  const at::Tensor x = values({70, 40}, 1), weight = values({24, 40}, 2);
  for (const DeviceUnderTest& where : testing_support::devices_under_test()) {
    const OnDevice guard(where);
    const at::NoGradGuard no_grad;
    const Param w = make_param(where.put(weight), 0),
                norm = make_param(where.put(values({40}, 3)), 0);
    const at::Tensor all = where.put(x);
    const at::Tensor linear_all = linear(all, w, nullptr).cpu();
    const at::Tensor norm_all = rms_norm(all, norm, 1e-6, nullptr).cpu();
    for (const int64_t r : {int64_t{0}, int64_t{15}, int64_t{63}, int64_t{69}}) {
      const at::Tensor row = all.narrow(0, r, 1);
      EXPECT_TRUE(same_bits(linear(row, w, nullptr).cpu(), linear_all.narrow(0, r, 1)));
      EXPECT_TRUE(same_bits(rms_norm(row, norm, 1e-6, nullptr).cpu(), norm_all.narrow(0, r, 1)));
    }
  }
}

// Only +, -, *, / and sqrt: a tick has the same bits on every device.
TEST(DeviceOptimizerTest, HasTheBitsOfTheCpu) {
  const int64_t size = 9000;
  const auto tick = [&](const DeviceUnderTest& where) {
    const OnDevice guard(where);
    const at::Tensor w = where.put(shaped({size}, 1)), m = where.put(shaped({size}, 2)),
                     v = where.put(shaped({size}, 3).abs()), grad = where.put(shaped({size}, 4));
    adamw_update(w, m, v, grad,
                 {.lr = 0.01,
                  .beta1 = 0.9,
                  .beta2 = 0.95,
                  .eps = 1e-8,
                  .weight_decay = 0.1,
                  .grad_scale = 0.7,
                  .step = 3});
    const at::Tensor rounded = where.put(at::zeros({size}, at::kBFloat16));
    round_to_bf16(w, rounded);
    return std::make_pair(Results{w.cpu(), m.cpu(), v.cpu(), rounded.cpu()},
                          block_sums_of_squares(grad));
  };
  const auto want = tick(testing_support::cpu());
  for (const DeviceUnderTest& where : testing_support::devices_under_test()) {
    const auto got = tick(where);
    for (size_t i = 0; i < want.first.size(); ++i)
      EXPECT_TRUE(same_bits(want.first[i], got.first[i])) << where.name << " result " << i;
    EXPECT_EQ(want.second, got.second) << where.name;
  }
}

TEST(DeviceOptimizerTest, TreeSumAddsNeighboursFirst) {
  for (const DeviceUnderTest& where : testing_support::devices_under_test()) {
    const OnDevice guard(where);
    for (const int64_t parts : {int64_t{1}, int64_t{2}, int64_t{8}}) {
      const at::Tensor in = shaped({parts, 77}, 5);
      std::vector<std::vector<float>> level;
      for (int64_t p = 0; p < parts; ++p) {
        const float* row = in.const_data_ptr<float>() + p * 77;
        level.emplace_back(row, row + 77);
      }
      while (level.size() > 1) {
        std::vector<std::vector<float>> next;
        for (size_t p = 0; p < level.size(); p += 2) {
          next.push_back(level[p]);
          for (size_t i = 0; i < 77; ++i) next.back()[i] += level[p + 1][i];
        }
        level = next;
      }
      const at::Tensor out = where.put(at::zeros({77}, at::kFloat));
      device_tree_sum(where.put(in), out);
      const at::Tensor host = out.cpu();
      EXPECT_EQ(std::vector<float>(host.data_ptr<float>(), host.data_ptr<float>() + 77), level[0]);
    }
  }
}

// Only loading is tested here: it needs no GPU.
TEST(Cuda, TheLibraryIsCompiledAndHasBothEntries) {
#ifdef COHORT_CUDA_LIBRARY
  void* handle = dlopen(COHORT_CUDA_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(handle, nullptr) << dlerror();
  const auto ops =
      reinterpret_cast<device::DeviceOpsEntry*>(dlsym(handle, device::kDeviceOpsSymbol));
  ASSERT_NE(ops, nullptr);
  EXPECT_EQ(ops()->version, device::kDeviceOpsVersion);
  EXPECT_GE(ops()->device_count(), 0);
  EXPECT_NE(dlsym(handle, kMakeDeviceCommunicatorSymbol), nullptr);
#else
  GTEST_SKIP() << "this build has no CUDA library: nvcc 13 or NCCL was not found";
#endif
}

// The one place that says whether the kernels have run on a GPU in this test run.
TEST(Cuda, EveryKernelMatchesTheCpu) {
  const device::Library& library = device::library();
  if (library.ops == nullptr)
    GTEST_SKIP() << "no GPU ran these kernels, only their sources compiled for the host: "
                 << library.missing;
  bool tested = false;
  for (const DeviceUnderTest& where : testing_support::devices_under_test())
    tested |= where.device.is_cuda();
  EXPECT_TRUE(tested) << "the tests above ran on the GPU as well";
}

}  // namespace
}  // namespace cohort::kernels
