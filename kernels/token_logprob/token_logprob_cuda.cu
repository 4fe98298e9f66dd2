#include "kernels/device/cuda_support.cuh"

namespace cohort::kernels::device {
namespace {

// A block a row; column v belongs to thread v % kThreads, the threads' sums in a fixed tree. The
// log-prob is row[v] * inv_temperature - lse, each rounded once: what row_logprob computes on the
// host.
__global__ void softmax_kernel(SoftmaxRows s) {
  const int64_t row = blockIdx.x;
  const float* logits = s.logits + row * s.columns;
  float largest = -INFINITY;
  for (int64_t v = threadIdx.x; v < s.num_valid; v += kThreads) {
    largest = fmaxf(largest, logits[v] * s.inv_temperature);
  }
  largest = block_max<kThreads>(largest);
  float sum = 0.0f, weighted = 0.0f;
  for (int64_t v = threadIdx.x; v < s.num_valid; v += kThreads) {
    const float z = logits[v] * s.inv_temperature - largest;
    const float e = expf(z);
    sum += e;
    weighted = fmaf(e, z, weighted);
  }
  sum = block_sum<kThreads>(sum);
  weighted = block_sum<kThreads>(weighted);
  if (threadIdx.x != 0) return;
  const float log_sum = logf(sum), lse = largest + log_sum;
  s.max[row] = largest;
  s.lse[row] = lse;
  s.entropy[row] = log_sum - weighted / sum;
  if (s.targets != nullptr) s.logprob[row] = logits[s.targets[row]] * s.inv_temperature - lse;
}

// A thread an element: d z_v = d_lp (1[v = target] - p_v) - d_H p_v (log p_v + H), over
// temperature.
template <class T>
__global__ void grad_kernel(LogprobGrad s) {
  const int64_t item = item_index();
  if (item >= s.rows * s.columns) return;
  const int64_t row = item / s.columns, v = item % s.columns;
  float d = 0.0f;
  if (v < s.num_valid) {
    const float d_logprob = s.d_logprob != nullptr ? s.d_logprob[row] : 0.0f;
    const float d_entropy = s.d_entropy != nullptr ? s.d_entropy[row] : 0.0f;
    const float log_p = s.logits[item] * s.inv_temperature - s.lse[row];
    const float p = expf(log_p);
    const float slope = d_logprob + d_entropy * (log_p + s.entropy[row]);
    d = ((v == s.targets[row] ? d_logprob : 0.0f) - p * slope) * s.inv_temperature;
  }
  store(d, static_cast<T*>(s.d_logits)[item]);
}

}  // namespace

void softmax_rows(const SoftmaxRows& s) {
  launch(softmax_kernel, one_block_each(s.rows), dim3(kThreads), s, "softmax of rows");
}

void logprob_grad(const LogprobGrad& s) {
  for_element(s.element, [&]<class T>() {
    launch(grad_kernel<T>, grid_of(s.rows * s.columns), dim3(kThreads), s, "log-prob gradient");
  });
}

}  // namespace cohort::kernels::device
