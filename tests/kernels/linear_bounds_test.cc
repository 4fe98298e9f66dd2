// The kernels touch nothing beyond their operands: every operand ends where an unreadable page
// begins.
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernels/linear/dispatch.h"
#include "kernels/linear/linear.h"

namespace cohort::kernels {
namespace {

using gemm::Target;

// A tensor whose last byte is the last one before a page that may not be touched.
class Guarded {
 public:
  explicit Guarded(const at::Tensor& values) {
    const size_t page = sysconf(_SC_PAGESIZE), bytes = values.nbytes();
    size_ = (bytes + page - 1) / page * page + page;
    base_ = static_cast<char*>(
        mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base_ == MAP_FAILED || mprotect(base_ + size_ - page, page, PROT_NONE) != 0) {
      throw std::bad_alloc();
    }
    tensor_ = at::from_blob(base_ + size_ - page - bytes, values.sizes(), values.options());
    tensor_.copy_(values);
  }
  ~Guarded() { munmap(base_, size_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  at::Tensor& operator*() { return tensor_; }

 private:
  char* base_;
  size_t size_;
  at::Tensor tensor_;
};

TEST(LinearBounds, no_kernel_reads_or_writes_past_the_end_of_an_operand) {
  for (Target target :
       {Target::kPortable, Target::kAvx2, Target::kAvx512, Target::kAvx512Dot, Target::kAmx}) {
    if (!gemm::target_available(target)) continue;
    gemm::force_target(target);
    for (at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
      for (const auto& [m, n, k] : {std::array<int64_t, 3>{1, 1, 1},
                                    {3, 17, 31},
                                    {15, 33, 20},
                                    {29, 64, 65},
                                    {200, 47, 97}}) {
        Guarded x(at::randn({m, k}).to(dtype)), dy(at::randn({m, n}).to(dtype)),
            data(at::randn({n, k}).to(dtype)), y(at::zeros({m, n}, dtype)),
            dx(at::zeros({m, k}, dtype)), grad(at::zeros({1, n, k}, at::kFloat));
        Param w, ordinary;
        w.data = *data;
        w.grad = *grad;
        ordinary.data = (*data).clone();
        ordinary.grad = at::zeros({1, n, k}, at::kFloat);
        linear_out(*x, w, *y);
        linear_input_grad_out(*dy, w, *dx);
        linear_weight_grad(*dy, *x, w, {0, m});
        EXPECT_TRUE(at::equal(*y, linear((*x).clone(), ordinary, nullptr)));
        w.format = ordinary.format = WeightFormat::q8_0;
        ++w.version, ++ordinary.version;
        linear_out(*x, w, *y);
        EXPECT_TRUE(at::equal(*y, linear((*x).clone(), ordinary, nullptr)));
        linear_weight_grad((*dy).clone(), (*x).clone(), ordinary, {0, m});
        EXPECT_TRUE(at::equal(w.grad, ordinary.grad));
      }
    }
  }
  gemm::use_best_target();
}

}  // namespace
}  // namespace cohort::kernels
