// The kernels on every instruction set that this processor has: AVX-512 and AVX2 must agree bit for
// bit.
#include <hwy/targets.h>

#include "kernels/attention/attention.h"
#include "kernels/rms_norm/rms_norm.h"
#include "kernels/router/router.h"
#include "kernels/swiglu/swiglu.h"
#include "kernels/token_logprob/token_logprob.h"
#include "kernels/token_logprob/token_logprob_rows.h"
#include "tests/kernels/op_test_support.h"

namespace cohort::kernels {
namespace {

// Dispatches to `target` while it lives.
class OnlyTarget {
 public:
  explicit OnlyTarget(int64_t target) { use(target); }
  ~OnlyTarget() { use(0); }

 private:
  static void use(int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

AttentionLayoutPtr two_sequences() {
  AttentionLayout layout;
  layout.query_offsets = {0, 37, 38};
  layout.first_position = {0, 36};
  layout.key_offsets = {0, 37, 74};
  for (int32_t j = 0; j < 37; ++j) layout.key_rows.push_back(j);
  for (int32_t j = 0; j < 37; ++j) layout.key_rows.push_back(j == 36 ? 37 : j);
  layout.tree_offsets = {0, 2};
  return std::make_shared<const AttentionLayout>(layout);
}

// Outputs and gradients of every vectorised op, with tails in every dimension.
std::vector<at::Tensor> results(at::ScalarType dtype) {
  std::vector<at::Tensor> out;
  const auto backward = [&](const at::Tensor& y, const std::vector<at::Tensor>& inputs) {
    out.push_back(y.detach());
    y.backward(shaped(y.sizes(), 9, y.scalar_type()));
    for (const at::Tensor& x : inputs) out.push_back(x.grad());
  };
  const at::Tensor x = shaped({5, 70}, 1, dtype).requires_grad_();
  backward(swiglu(x), {x});

  const Param w = make_param(shaped({70}, 2, dtype), 1);
  const at::Tensor n = shaped({5, 70}, 3, dtype).requires_grad_();
  backward(rms_norm(n, w, 1e-6, row_shards({0, 5})), {n});
  out.push_back(w.grad);

  RouterConfig config;
  config.num_experts = 20;
  config.top_k = 3;
  const Param gate = make_param(shaped({20, 70}, 4, dtype).mul(0.1), 1);
  const at::Tensor r = shaped({11, 70}, 5, dtype).requires_grad_();
  const at::Tensor bias = at::zeros({20}, at::TensorOptions().dtype(at::kFloat));
  const Routing routing = route(r, gate, bias, config, row_shards({0, 11}));
  out.push_back(routing.index);
  backward(routing.weight, {r});
  out.push_back(gate.grad);

  const at::Tensor row = shaped({203}, 6);
  const SoftmaxRow softmax = softmax_row(row.const_data_ptr<float>(), 201, 1.25f);
  out.push_back(at::empty({3}, row.options()));
  float* values = out.back().mutable_data_ptr<float>();
  values[0] = softmax.max, values[1] = softmax.lse, values[2] = softmax.entropy;

  for (const int64_t group : {1, 3}) {
    const at::Tensor q = shaped({38, 2 * group, 22}, 6, dtype).requires_grad_();
    const at::Tensor k = shaped({38, 2, 22}, 7, dtype).requires_grad_();
    const at::Tensor v = shaped({38, 2, 39}, 8, dtype).requires_grad_();
    backward(attention(q, k, v, two_sequences(), 0.06), {q, k, v});
  }
  return out;
}

class InstructionSets : public ::testing::TestWithParam<at::ScalarType> {};
INSTANTIATE_TEST_SUITE_P(Dtypes, InstructionSets, ::testing::Values(at::kFloat, at::kBFloat16));

TEST_P(InstructionSets, Avx512AndAvx2GiveTheSameBits) {
  const int64_t supported = hwy::SupportedTargets();
  if ((supported & HWY_AVX3) == 0) GTEST_SKIP() << "this processor has no AVX-512";
  const OnlyTarget wide(HWY_AVX3);
  const std::vector<at::Tensor> want = results(GetParam());
  const OnlyTarget narrow(HWY_AVX2);
  const std::vector<at::Tensor> got = results(GetParam());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_TRUE(same_bits(got[i], want[i])) << i;
}

TEST_P(InstructionSets, ScalarCodeAgreesUpToRounding) {
  const std::vector<at::Tensor> want = results(GetParam());
  const OnlyTarget scalar(HWY_SCALAR);
  const std::vector<at::Tensor> got = results(GetParam());
  for (size_t i = 0; i < want.size(); ++i) {
    expect_close(got[i], doubles(want[i]), GetParam() == at::kFloat ? 2e-4 : 5e-2);
  }
  // Scalar code does not fuse: were everything the same, the target would not have been switched.
  EXPECT_TRUE(GetParam() == at::kBFloat16 || !same_bits(got.back(), want.back()));
}

}  // namespace
}  // namespace cohort::kernels
