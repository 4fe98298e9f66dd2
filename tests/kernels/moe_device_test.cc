// The experts' plan made on the device is the one that the host makes.
#include "kernels/moe/moe_device.h"

#include <numeric>
#include <random>

#include "kernels/moe/moe.h"
#include "kernels/moe/plan.h"
#include "tests/kernels/op_test_support.h"
#include "tests/support/device_under_test.h"

namespace cohort::kernels {
namespace {

using testing_support::devices_under_test;
using testing_support::DeviceUnderTest;
using testing_support::OnDevice;

// [T, K]; the experts of a token differ, the last one is never chosen.
at::Tensor random_choices(int64_t tokens, int64_t top_k, int32_t experts, uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::vector<int32_t> all(static_cast<size_t>(experts - 1)), chosen;
  std::iota(all.begin(), all.end(), 0);
  for (int64_t t = 0; t < tokens; ++t) {
    std::shuffle(all.begin(), all.end(), generator);
    chosen.insert(chosen.end(), all.begin(), all.begin() + top_k);
  }
  return ints(chosen).view({tokens, top_k});
}

template <class T>
std::vector<T> on_host(const at::Tensor& x) {
  const at::Tensor host = x.cpu();
  return std::vector<T>(host.const_data_ptr<T>(), host.const_data_ptr<T>() + host.numel());
}

TEST(DeviceMoePlan, IsThePlanOfTheHost) {
  for (const DeviceUnderTest& where : devices_under_test()) {
    const OnDevice guard(where);
    for (const int64_t tokens : {0, 1, 3, 130, 700}) {
      const at::Tensor index = random_choices(tokens, 3, 7, 1);
      MoePlan want;
      make_moe_plan(index, 7, want);
      const at::Tensor here = where.put(index);
      const DeviceMoePlan got = device_moe_plan(*device_ops(here), here, 7);
      EXPECT_EQ(on_host<int64_t>(got.offsets), want.offsets) << tokens;
      EXPECT_EQ(on_host<int32_t>(got.token), want.token) << tokens;
      EXPECT_EQ(on_host<int32_t>(got.slot), want.slot) << tokens;
      EXPECT_EQ(on_host<int32_t>(got.row), want.row) << tokens;
    }
  }
}

// More rows of one expert than the average tells.
TEST(DeviceMoePlan, OneExpertMayHaveEveryToken) {
  const int64_t tokens = 150, hidden = 8, inner = 8;
  const at::Tensor index = at::zeros({tokens, 1}, at::kInt).fill_(2);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const at::Tensor x = shaped({tokens, hidden}, 1, type), weight = shaped({tokens, 1}, 2);
    const Param gate_up = make_param(shaped({5, 2 * inner, hidden}, 3, type), 0);
    const Param down = make_param(shaped({5, hidden, inner}, 4, type), 0);
    const Doubles want = doubles(moe(x, index, weight, gate_up, down, nullptr));
    const double largest = std::abs(*std::max_element(
        want.begin(), want.end(), [](double a, double b) { return std::abs(a) < std::abs(b); }));
    for (const DeviceUnderTest& where : devices_under_test()) {
      const OnDevice guard(where);
      const Param up = make_param(where.put(gate_up.data), 0);
      const Param out = make_param(where.put(down.data), 0);
      const Doubles got =
          doubles(moe(where.put(x), where.put(index), where.put(weight), up, out, nullptr).cpu());
      for (size_t i = 0; i < want.size(); ++i)
        ASSERT_NEAR(got[i], want[i], (type == at::kFloat ? 2e-5 : 2e-2) * largest) << i;
    }
  }
}

}  // namespace
}  // namespace cohort::kernels
