// Results of ops in memory that is kept from one decode step to the next, so that a step in its
// steady state allocates none: neither the values nor LibTorch's own small objects.
//
// A tensor is handed out again as soon as nobody holds it or a view of it. Whoever keeps one
// longer than a step keeps it untouched; only its memory is then not the next step's.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace cohort::kernels {

class StepMemory {
 public:
  // While it lives, result() and the views below, on this thread, take from `memory`. One inside
  // another: the inner one counts.
  class Use {
   public:
    explicit Use(StepMemory& memory);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    StepMemory* before_;
  };

  // Uninitialised and contiguous, on the CPU.
  at::Tensor take(at::IntArrayRef sizes, at::ScalarType dtype);
  // x's memory from `offset` elements after its first, in x's dtype.
  at::Tensor view(const at::Tensor& x, at::IntArrayRef sizes, at::IntArrayRef strides,
                  int64_t offset);
  int64_t bytes() const;  // of all it keeps

 private:
  void let_go_of_idle_views();

  std::vector<at::Tensor> results_, views_;
  at::Tensor nothing_;  // what idle views look at
};

// at::empty(sizes, options); from the thread's StepMemory where there is one, on the CPU, while no
// gradient is recorded. For every op's results and what it needs meanwhile.
at::Tensor result(at::IntArrayRef sizes, const at::TensorOptions& options);

// x [T, heads * D], of any row stride, as [T, heads, D].
at::Tensor view_heads(const at::Tensor& x, int64_t heads);
// x [T, heads, D], contiguous, as [T, heads * D].
at::Tensor view_rows(const at::Tensor& x);
// Rows [begin, begin + count) of x [T, N]; as with columns, autograd does not see it.
at::Tensor view_row_range(const at::Tensor& x, int64_t begin, int64_t count);
// Columns [begin, begin + count) of x [T, N]. Autograd does not see this one: what is cut is part
// of no graph.
at::Tensor view_column_range(const at::Tensor& x, int64_t begin, int64_t count);

}  // namespace cohort::kernels
