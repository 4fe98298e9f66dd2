#include "kernels/device/cuda_support.cuh"

// The formulas and orders of optimizer.cc and of core/comm's tree_sum. Only +, -, *, / and sqrt,
// each rounded once: the same bits as on the CPU.
namespace cohort::kernels::device {
namespace {

__global__ void adamw_kernel(AdamW s) {
  const int64_t i = item_index();
  if (i >= s.size) return;
  const float g = s.grad[i] * s.grad_scale;
  const float m = s.beta1 * s.m[i] + s.one_minus_beta1 * g;
  const float v = s.beta2 * s.v[i] + s.one_minus_beta2 * (g * g);
  const float update = m * s.inv_correction1 / (sqrtf(v * s.inv_correction2) + s.eps);
  s.m[i] = m;
  s.v[i] = v;
  s.w[i] = s.w[i] - s.lr * (update + s.weight_decay * s.w[i]);
}

// A thread a block: sixteen partial sums, element i into partial i % 16, added up in order.
__global__ void squares_kernel(SumsOfSquares s) {
  const int64_t block = item_index();
  if (block >= (s.size + s.block - 1) / s.block) return;
  const int64_t begin = block * s.block;
  const int64_t end = begin + s.block < s.size ? begin + s.block : s.size;
  double partial[16] = {};
  for (int64_t i = begin; i < end; ++i) {
    const double value = static_cast<double>(s.x[i]);
    partial[(i - begin) % 16] += value * value;
  }
  double sum = 0;
  for (int j = 0; j < 16; ++j) sum += partial[j];
  s.sums[block] = sum;
}

// A thread an element. Parts are pushed in order; two nodes of one level are added as soon as both
// stand: node [a, b) = node [a, m) + node [m, b).
__global__ void tree_kernel(TreeSum s) {
  const int64_t i = item_index();
  if (i >= s.size) return;
  float nodes[32];
  for (int64_t part = 0; part < s.parts; ++part) {
    float node = s.in[part * s.part_stride + i];
    int level = 0;
    for (int64_t bits = part; bits & 1; bits >>= 1) node = nodes[level++] + node;
    nodes[level] = node;
  }
  int top = 0;
  while ((int64_t{1} << top) < s.parts) ++top;
  s.out[i] = nodes[top];
}

}  // namespace

void adamw(const AdamW& s) { launch(adamw_kernel, grid_of(s.size), dim3(kThreads), s, "AdamW"); }

void sums_of_squares(const SumsOfSquares& s) {
  launch(squares_kernel, grid_of(ceil_div(s.size, s.block)), dim3(kThreads), s, "gradient norm");
}

void tree_sum(const TreeSum& s) {
  launch(tree_kernel, grid_of(s.size), dim3(kThreads), s, "tree sum");
}

}  // namespace cohort::kernels::device
