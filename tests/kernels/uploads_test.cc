// Tables that every layer of a pass reads are copied to the device once.
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "kernels/attention/attention.h"
#include "kernels/device/device.h"
#include "kernels/linear/linear.h"
#include "kernels/moe/moe.h"
#include "kernels/rope/rope.h"
#include "tests/kernels/op_test_support.h"
#include "tests/support/device_under_test.h"

namespace cohort::kernels {
namespace {

using testing_support::devices_under_test;
using testing_support::DeviceUnderTest;
using testing_support::OnDevice;

template <class Fn>
int64_t uploads_of(const Fn& fn) {
  const int64_t before = device::num_uploads();
  fn();
  return device::num_uploads() - before;
}

TEST(Uploads, EqualValuesAreUploadedOnce) {
  for (const DeviceUnderTest& where : devices_under_test()) {
    const at::Tensor like = where.put(at::zeros({1}));
    std::vector<int32_t> values = {5, 7, 1000 + static_cast<int32_t>(where.emulated)};
    const at::Tensor first = device::upload(std::span<const int32_t>(values), like);
    EXPECT_EQ(uploads_of([&] { device::upload(std::span<const int32_t>(values), like); }), 0);
    const std::vector<int32_t> as_they_were = values;
    values[1] = 8;
    const at::Tensor second = device::upload(std::span<const int32_t>(values), like);
    EXPECT_TRUE(same_bits(first.cpu(), ints(as_they_were)));
    EXPECT_TRUE(same_bits(second.cpu(), ints(values)));
  }
}

TEST(Uploads, OfOneSizeButAnotherTypeAreKeptApart) {
  for (const DeviceUnderTest& where : devices_under_test()) {
    const at::Tensor like = where.put(at::zeros({1}));
    const std::vector<int32_t> zeros(2, 0);
    const std::vector<float> floats(2, 0.0f);
    EXPECT_EQ(device::upload(std::span<const int32_t>(zeros), like).scalar_type(), at::kInt);
    EXPECT_EQ(device::upload(std::span<const float>(floats), like).scalar_type(), at::kFloat);
    EXPECT_EQ(device::upload(std::span<const int32_t>(zeros), like).scalar_type(), at::kInt);
  }
}

std::shared_ptr<AttentionLayout> one_query(std::vector<int32_t> key_rows) {
  auto layout = std::make_shared<AttentionLayout>();
  layout->query_offsets = {0, 1};
  layout->first_position = {static_cast<int64_t>(key_rows.size()) - 1};
  layout->key_offsets = {0, static_cast<int64_t>(key_rows.size())};
  layout->key_rows = std::move(key_rows);
  return layout;
}

TEST(Uploads, LayersShareTheTablesOfTheirLayout) {
  const at::Tensor q = shaped({1, 2, 8}, 1), k = shaped({9, 1, 8}, 2), v = shaped({9, 1, 8}, 3);
  for (const DeviceUnderTest& where : devices_under_test()) {
    const auto layout = one_query({3, 1, 4});
    const auto attend = [&](int64_t window) {
      const OnDevice guard(where);
      return attention(where.put(q), where.put(k), where.put(v), layout, 0.3, window).cpu();
    };
    const auto expect_the_cpu_result = [&](int64_t window) {
      const at::Tensor got = attend(window);
      expect_close(got, doubles(attention(q, k, v, layout, 0.3, window)), 1e-5);
    };
    expect_the_cpu_result(0);
    EXPECT_EQ(uploads_of([&] { attend(0); }), 0);
    expect_the_cpu_result(2);
    EXPECT_EQ(uploads_of([&] { attend(2), attend(0); }), 0);
    // The next step of a rollout, in the same layout.
    layout->key_rows = {3, 1, 8};
    ++layout->version;
    expect_the_cpu_result(0);
    expect_the_cpu_result(2);
  }
}

TEST(Uploads, LayersShareTheirPositions) {
  const std::vector<int32_t> positions = {4, 0, 30, 2};
  for (const DeviceUnderTest& where : devices_under_test()) {
    const OnDevice guard(where);
    const RopeTable table = make_rope_table({.rotary = 8}, 32).to(where.device);
    const at::Tensor x = where.put(shaped({4, 2, 8}, 1));
    rope(x, table, ints(positions), false);
    EXPECT_EQ(uploads_of([&] { rope(x, table, ints(positions), false); }), 0);
  }
}

TEST(Uploads, ExpertsNeedNone) {
  for (const DeviceUnderTest& where : devices_under_test()) {
    const OnDevice guard(where);
    const at::AutoGradMode with_graph(true);
    at::Tensor index = at::empty({9, 2}, at::kInt);
    for (int32_t i = 0; i < 18; ++i) index.data_ptr<int32_t>()[i] = (i * 7 / 2) % 5;
    const Param gate_up = make_param(where.put(shaped({6, 22, 21}, 2)), 0);
    const Param down = make_param(where.put(shaped({6, 21, 11}, 3)), 0);
    at::Tensor x = where.put(shaped({9, 21}, 1)).set_requires_grad(true);
    at::Tensor y;
    const at::Tensor weight = where.put(shaped({9, 2}, 4));
    EXPECT_EQ(uploads_of([&] { y = moe(x, index, weight, gate_up, down, nullptr); }), 0);
    EXPECT_EQ(uploads_of([&] {
                torch::autograd::backward({y}, {where.put(shaped({9, 21}, 5))});
              }),
              0);
  }
}

}  // namespace
}  // namespace cohort::kernels
