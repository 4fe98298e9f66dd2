// The bf16 products on tensor cores: against sums in double, and the contract's equal bits. They
// run as device_test.cc's kernels do.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>

#include "kernels/device/device.h"
#include "kernels/linear/linear.h"
#include "tests/kernels/op_test_support.h"
#include "tests/support/device_under_test.h"

namespace cohort::kernels {
namespace {

using testing_support::devices_under_test;
using testing_support::DeviceUnderTest;
using testing_support::OnDevice;

at::Tensor bf16(at::IntArrayRef sizes, uint64_t seed) {
  return shaped(sizes, seed, at::kBFloat16).mul_(0.5);
}

// |got - want| within fp32's rounding of the sum of `terms` products of size `scale`, and bf16's of
// the result.
void expect_sum(double got, double want, double magnitude, bool fp32) {
  ASSERT_LE(std::abs(got - want), 1e-6 * magnitude + (fp32 ? 0.0 : std::abs(want) / 256));
}

// y[m, n] = sum_k x[m, k] w[n, k], or with `transposed` sum_n x[m, n] w[n, k], for the rows of one
// group.
void expect_product(const at::Tensor& x, const at::Tensor& w, bool transposed,
                    const at::Tensor& y) {
  const Doubles a = doubles(x), b = doubles(w), got = doubles(y);
  const int64_t rows = x.size(0), inner = x.size(1), columns = y.size(1), width = w.size(1);
  for (int64_t m = 0; m < rows; ++m) {
    for (int64_t n = 0; n < columns; ++n) {
      double want = 0, magnitude = 0;
      for (int64_t k = 0; k < inner; ++k) {
        const double term = a[m * inner + k] * (transposed ? b[k * width + n] : b[n * width + k]);
        want += term;
        magnitude += std::abs(term);
      }
      ASSERT_NO_FATAL_FAILURE(
          expect_sum(got[m * columns + n], want, magnitude, y.scalar_type() == at::kFloat))
          << m << ", " << n;
    }
  }
}

// Shapes [rows, n, k]: of one tile and of several; of rows whose beginnings are aligned and not.
const std::vector<std::array<int64_t, 3>> kShapes = {{1, 8, 16},    {5, 130, 24},   {64, 64, 64},
                                                     {65, 67, 37},  {130, 140, 72}, {33, 1, 3},
                                                     {3, 200, 136}, {129, 33, 128}};

TEST(TensorCore, ProductsAreTheSumsInDouble) {
  for (const DeviceUnderTest& where : devices_under_test()) {
    for (const auto& [rows, n, k] : kShapes) {
      SCOPED_TRACE(where.name + " " + std::to_string(rows) + " " + std::to_string(n) + " " +
                   std::to_string(k));
      const OnDevice guard(where);
      const at::Tensor x = bf16({rows, k}, 1), dy = bf16({rows, n}, 2), w = bf16({n, k}, 3);
      const Param param = make_param(where.put(w), 0);
      for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
        at::Tensor y = where.put(at::zeros({rows, n}, type));
        at::Tensor dx = where.put(at::zeros({rows, k}, type));
        linear_out(where.put(x), param, y);
        linear_input_grad_out(where.put(dy), param, dx);
        expect_product(x, w, false, y.cpu());
        expect_product(dy, w, true, dx.cpu());
      }
    }
  }
}

// Rows of a wider tensor: a stride of its own, beginnings that 16-byte copies cannot take.
TEST(TensorCore, OperandsMayBePartsOfOthers) {
  for (const DeviceUnderTest& where : devices_under_test()) {
    const OnDevice guard(where);
    const at::Tensor w = bf16({40, 48}, 3);
    for (const int64_t first : {0, 8, 3}) {
      const at::Tensor x = bf16({70, 64}, 1).narrow(1, first, 48);
      at::Tensor y = where.put(at::zeros({70, 40}, at::kFloat));
      linear_out(where.put(bf16({70, 64}, 1)).narrow(1, first, 48), make_param(where.put(w), 0), y);
      expect_product(x.contiguous(), w, false, y.cpu());
    }
  }
}

TEST(TensorCore, WeightGradientsAreSumsByShardAndGroup) {
  const int64_t rows = 1100, n = 136, k = 40;
  const std::vector<int64_t> segments = {0, 3, 3, 700, 1100};  // group 0: 3 rows, none; group 1
  const at::Tensor dy = bf16({rows, n}, 1), x = bf16({rows, k}, 2);
  const Doubles a = doubles(dy), b = doubles(x);
  for (const DeviceUnderTest& where : devices_under_test()) {
    const OnDevice guard(where);
    Param w = make_param(where.put(bf16({2, n, k}, 3)), 2);
    w.grad = where.put(at::ones({2, 2, n, k}, at::kFloat));
    grouped_weight_grad(where.put(dy), where.put(x), w, segments);
    const Doubles got = doubles(w.grad.cpu());
    for (int64_t segment = 0; segment < 4; ++segment) {
      const int64_t group = segment / 2, shard = segment % 2;
      for (int64_t i = 0; i < n; i += 9) {
        for (int64_t j = 0; j < k; ++j) {
          double want = 1, magnitude = 1;
          for (int64_t m = segments[segment]; m < segments[segment + 1]; ++m) {
            want += a[m * n + i] * b[m * k + j];
            magnitude += std::abs(a[m * n + i] * b[m * k + j]);
          }
          ASSERT_NO_FATAL_FAILURE(
              expect_sum(got[((shard * 2 + group) * n + i) * k + j], want, magnitude, true));
        }
      }
    }
  }
}

// The contract: a row alone, and in batches that take either tile, at any place in them.
TEST(TensorCore, ARowHasTheSameBitsAloneAndInAnyBatch) {
  const int64_t n = 72, k = 200;
  const at::Tensor w = bf16({n, k}, 3), row = bf16({1, k}, 1), dy_row = bf16({1, n}, 4);
  for (const DeviceUnderTest& where : devices_under_test()) {
    const OnDevice guard(where);
    const Param param = make_param(where.put(w), 0);
    const auto both = [&](const at::Tensor& x, const at::Tensor& dy) {
      at::Tensor y = where.put(at::zeros({x.size(0), n}, at::kFloat));
      at::Tensor dx = where.put(at::zeros({dy.size(0), k}, at::kFloat));
      linear_out(where.put(x), param, y);
      linear_input_grad_out(where.put(dy), param, dx);
      return std::pair(y.cpu(), dx.cpu());
    };
    const auto [y_alone, dx_alone] = both(row, dy_row);
    for (const int64_t rows : {2, 17, 64, 65, 200}) {
      at::Tensor x = bf16({rows, k}, 5), dy = bf16({rows, n}, 6);
      for (const int64_t place : {int64_t{0}, int64_t{1}, rows / 2 + 3, rows - 1}) {
        x.select(0, place % rows).copy_(row[0]);
        dy.select(0, place % rows).copy_(dy_row[0]);
      }
      const auto [y, dx] = both(x, dy);
      for (const int64_t place : {int64_t{0}, int64_t{1}, rows / 2 + 3, rows - 1}) {
        EXPECT_TRUE(same_bits(y.narrow(0, place % rows, 1), y_alone)) << rows << " " << place;
        EXPECT_TRUE(same_bits(dx.narrow(0, place % rows, 1), dx_alone)) << rows << " " << place;
      }
    }
  }
}

// An expert's rows have the bits of a product with its weight alone, whatever rows the others have.
TEST(TensorCore, AGroupHasTheBitsOfAProductOfItsOwn) {
  const int64_t n = 24, k = 40, groups = 4;
  const std::vector<int64_t> offsets = {0, 70, 70, 71, 90};
  const at::Tensor w = bf16({groups, n, k}, 3), x = bf16({90, k}, 1), dy = bf16({90, n}, 2);
  for (const DeviceUnderTest& where : devices_under_test()) {
    const OnDevice guard(where);
    const Param all = make_param(where.put(w), 0);
    at::Tensor y = where.put(at::zeros({90, n}, at::kFloat));
    at::Tensor dx = where.put(at::zeros({90, k}, at::kFloat));
    grouped_linear_out(where.put(x), all, offsets, false, y);
    grouped_linear_out(where.put(dy), all, offsets, true, dx);
    for (int64_t g = 0; g < groups; ++g) {
      const int64_t first = offsets[g], rows = offsets[g + 1] - first;
      if (rows == 0) continue;
      const Param own = make_param(where.put(w[g].clone()), 0);
      at::Tensor y_own = where.put(at::zeros({rows, n}, at::kFloat));
      at::Tensor dx_own = where.put(at::zeros({rows, k}, at::kFloat));
      linear_out(where.put(x.narrow(0, first, rows).clone()), own, y_own);
      linear_input_grad_out(where.put(dy.narrow(0, first, rows).clone()), own, dx_own);
      EXPECT_TRUE(same_bits(y.cpu().narrow(0, first, rows), y_own.cpu())) << g;
      EXPECT_TRUE(same_bits(dx.cpu().narrow(0, first, rows), dx_own.cpu())) << g;
    }
  }
}

// Copies of 16 bytes and of single elements fill the same tile.
TEST(TensorCore, AlignmentChangesNoBit) {
  const at::Tensor w = bf16({40, 64}, 3), x = bf16({70, 64}, 1);
  for (const DeviceUnderTest& where : devices_under_test()) {
    const OnDevice guard(where);
    const at::Tensor wide = where.put(at::cat({bf16({70, 3}, 2), x}, 1));
    const Param param = make_param(where.put(w), 0);
    at::Tensor aligned = where.put(at::zeros({70, 40}, at::kFloat));
    at::Tensor other = where.put(at::zeros({70, 40}, at::kFloat));
    linear_out(where.put(x), param, aligned);
    linear_out(wide.narrow(1, 3, 64), param, other);
    EXPECT_TRUE(same_bits(aligned.cpu(), other.cpu()));
  }
}

// In the order of threads in which copies land at the last moment.
TEST(TensorCore, ATileIsReadWhenItsCopiesHaveLanded) {
  const at::Tensor w = bf16({140, 200}, 3), x = bf16({130, 200}, 1);
  for (const DeviceUnderTest& where : devices_under_test()) {
    if (!where.emulated) continue;
    const OnDevice guard(where);
    const Param param = make_param(where.put(w), 1);
    const auto product = [&] {
      at::Tensor y = at::zeros({130, 140}, at::kFloat);
      linear_out(x, param, y);
      return y;
    };
    const at::Tensor want = product();
    testing_support::set_thread_order(/*reversed=*/true);
    const at::Tensor got = product();
    testing_support::set_thread_order(/*reversed=*/false);
    EXPECT_TRUE(same_bits(got, want));
  }
}

}  // namespace
}  // namespace cohort::kernels
