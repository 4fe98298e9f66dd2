#include "kernels/device/cuda_support.cuh"

namespace cohort::kernels::device {
namespace {

constexpr float kNormEpsilon = 1e-20f;

// A thread a row and an expert; one accumulator, d in order.
template <class T>
__global__ void scores_kernel(Route s) {
  const int64_t item = item_index();
  if (item >= s.rows * s.experts) return;
  const T* x = static_cast<const T*>(s.x) + item / s.experts * s.dim;
  const T* w = static_cast<const T*>(s.w) + item % s.experts * s.dim;
  float sum = 0.0f;
  for (int64_t d = 0; d < s.dim; ++d) sum = fmaf(load(x[d]), load(w[d]), sum);
  s.scores[item] = s.softmax ? sum : sigmoid(sum);
}

// The first index of the largest value among those not yet taken (0).
__device__ int64_t first_largest(const float* values, const float* taken, int64_t count) {
  int64_t best = -1;
  for (int64_t i = 0; i < count; ++i) {
    if (taken[i] == 0.0f && (best < 0 || values[i] > values[best])) best = i;
  }
  return best;
}

// Groups outside the best top_k_groups, by the sum of their two largest scores (softmax: by the largest), are cut off.
__device__ void mask_rejected_groups(const Route& s, float* biased, float* group_score,
                                     float* group_kept) {
  const int64_t size = s.experts / s.groups;
  for (int64_t g = 0; g < s.groups; ++g) {
    float first = -INFINITY, second = -INFINITY;
    for (int64_t e = g * size; e < (g + 1) * size; ++e) {
      if (biased[e] > first) {
        second = first;
        first = biased[e];
      } else if (biased[e] > second) {
        second = biased[e];
      }
    }
    group_score[g] = size > 1 && !s.softmax ? first + second : first;
    group_kept[g] = 0.0f;
  }
  for (int64_t k = 0; k < s.top_k_groups; ++k) {
    group_kept[first_largest(group_score, group_kept, s.groups)] = 1.0f;
  }
  for (int64_t e = 0; e < s.experts; ++e) {
    if (group_kept[e / size] == 0.0f) biased[e] = s.mask_with_zero ? 0.0f : -INFINITY;
  }
}

// A row of logits becomes its softmax.
__device__ void softmax_row(float* row, int64_t experts) {
  float largest = -INFINITY, sum = 0.0f;
  for (int64_t e = 0; e < experts; ++e) largest = fmaxf(largest, row[e]);
  for (int64_t e = 0; e < experts; ++e) sum += row[e] = expf(row[e] - largest);
  for (int64_t e = 0; e < experts; ++e) row[e] /= sum;
}

// A thread a row: ExpertSelector::choose.
__global__ void choose_kernel(Route s) {
  const int64_t row = item_index();
  if (row >= s.rows) return;
  if (s.softmax) softmax_row(s.scores + row * s.experts, s.experts);
  const float* scores = s.scores + row * s.experts;
  float* biased = s.scratch + row * 2 * (s.experts + s.groups);
  float* taken = biased + s.experts;
  float* group_score = taken + s.experts;
  float* group_kept = group_score + s.groups;
  for (int64_t e = 0; e < s.experts; ++e) {
    biased[e] = scores[e] + s.bias[e];
    taken[e] = 0.0f;
  }
  if (s.top_k_groups < s.groups) mask_rejected_groups(s, biased, group_score, group_kept);
  int32_t* index = s.index + row * s.top_k;
  float* weight = s.weight + row * s.top_k;
  float sum = kNormEpsilon;
  for (int64_t k = 0; k < s.top_k; ++k) {
    const int64_t best = first_largest(biased, taken, s.experts);
    taken[best] = 1.0f;
    index[k] = static_cast<int32_t>(best);
    weight[k] = scores[best];
    sum += scores[best];
  }
  for (int64_t k = 0; k < s.top_k; ++k) {
    weight[k] = (s.norm_topk_prob ? weight[k] / sum : weight[k]) * s.scale;
  }
}

__device__ double row_sum(const float* scores, int64_t experts) {
  double sum = 0;
  for (int64_t e = 0; e < experts; ++e) sum += static_cast<double>(scores[e]);
  return sum;
}

// f_e and P_e of a sequence; a thread a sequence and an expert, rows in order.
__global__ void balance_kernel(RouteGrad s) {
  const int64_t item = item_index();
  if (item >= s.sequences * s.experts) return;
  const int64_t sequence = item / s.experts, e = item % s.experts;
  const int64_t begin = s.sequence_offsets[sequence], end = s.sequence_offsets[sequence + 1];
  const double rows = static_cast<double>(end - begin);
  double frequency = 0, probability = 0;
  for (int64_t t = begin; t < end; ++t) {
    const float* scores = s.scores + t * s.experts;
    probability += static_cast<double>(scores[e]) / row_sum(scores, s.experts) / rows;
    for (int64_t k = 0; k < s.top_k; ++k) {
      if (s.index[t * s.top_k + k] == e) frequency += 1;
    }
  }
  const double per_choice = static_cast<double>(s.experts) / (static_cast<double>(s.top_k) * rows);
  s.frequency[item] = end > begin ? frequency * per_choice : 0.0;
  s.probability[item] = end > begin ? probability : 0.0;
}

// With S = sum_e s_e and n_e = s_e / S:  d/ds_j = (f_j - sum_e f_e n_e) / (S T).
__device__ void add_balance_grad(const RouteGrad& s, int64_t row, float* d) {
  int64_t sequence = 0;
  while (sequence < s.sequences && s.sequence_offsets[sequence + 1] <= row) ++sequence;
  if (sequence == s.sequences || s.coef[sequence] == 0.0f || row < s.sequence_offsets[sequence]) {
    return;
  }
  const float* scores = s.scores + row * s.experts;
  const double* frequency = s.frequency + sequence * s.experts;
  const double rows =
      static_cast<double>(s.sequence_offsets[sequence + 1] - s.sequence_offsets[sequence]);
  const double sum = row_sum(scores, s.experts), coef = static_cast<double>(s.coef[sequence]);
  double dot = 0;
  for (int64_t e = 0; e < s.experts; ++e) dot += frequency[e] * static_cast<double>(scores[e]);
  for (int64_t e = 0; e < s.experts; ++e) {
    d[e] += static_cast<float>(coef * (frequency[e] - dot / sum) / (sum * rows));
  }
}

// A thread a row. w_j = c s_j / S, S = sum of the chosen s:  dL/ds_j = c (dw_j - sum_k dw_k s_k /
// S) / S. Then to_logit_grads.
__global__ void route_grad_kernel(RouteGrad s) {
  const int64_t row = item_index();
  if (row >= s.rows) return;
  const float* scores = s.scores + row * s.experts;
  const int32_t* index = s.index + row * s.top_k;
  float* d = s.d_logits + row * s.experts;
  for (int64_t e = 0; e < s.experts; ++e) d[e] = 0.0f;
  if (s.d_weight != nullptr) {
    const float* d_weight = s.d_weight + row * s.top_k;
    float sum = kNormEpsilon, dot = 0.0f;
    for (int64_t k = 0; k < s.top_k; ++k) {
      sum += scores[index[k]];
      dot += d_weight[k] * scores[index[k]];
    }
    for (int64_t k = 0; k < s.top_k; ++k) {
      const float value = s.norm_topk_prob ? (d_weight[k] - dot / sum) / sum : d_weight[k];
      d[index[k]] += s.scale * value;
    }
  }
  add_balance_grad(s, row, d);
  float mean = 0.0f;
  for (int64_t e = 0; s.softmax && e < s.experts; ++e) mean += d[e] * scores[e];
  for (int64_t e = 0; e < s.experts; ++e) {
    d[e] = s.softmax ? (d[e] - mean) * scores[e] : d[e] * (scores[e] * (1.0f - scores[e]));
  }
}

// A thread a row and a dimension; experts in order.
template <class T>
__global__ void input_grad_kernel(GateGrad s) {
  const int64_t item = item_index();
  if (item >= s.rows * s.dim) return;
  const float* d = s.d_logits + item / s.dim * s.experts;
  const T* w = static_cast<const T*>(s.w) + item % s.dim;
  float sum = 0.0f;
  for (int64_t e = 0; e < s.experts; ++e) {
    if (d[e] != 0.0f) sum = fmaf(d[e], load(w[e * s.dim]), sum);
  }
  store(sum, static_cast<T*>(s.dx)[item]);
}

// A thread an expert and a dimension; rows in order.
template <class T>
__global__ void weight_grad_kernel(GateGrad s) {
  const int64_t item = item_index();
  if (item >= s.experts * s.dim) return;
  const int64_t e = item / s.dim, c = item % s.dim;
  float sum = s.dw[item];
  for (int64_t row = s.begin; row < s.end; ++row) {
    const float d = s.d_logits[row * s.experts + e];
    if (d != 0.0f) sum = fmaf(d, load(static_cast<const T*>(s.x)[row * s.dim + c]), sum);
  }
  s.dw[item] = sum;
}

}  // namespace

void route(const Route& s) {
  for_element(s.element, [&]<class T>() {
    launch(scores_kernel<T>, grid_of(s.rows * s.experts), dim3(kThreads), s, "gate scores");
  });
  launch(choose_kernel, grid_of(s.rows), dim3(kThreads), s, "choice of experts");
}

void balance_stats(const RouteGrad& s) {
  launch(balance_kernel, grid_of(s.sequences * s.experts), dim3(kThreads), s, "balance loss");
}

void route_grad(const RouteGrad& s) {
  launch(route_grad_kernel, grid_of(s.rows), dim3(kThreads), s, "gate gradient");
}

void gate_input_grad(const GateGrad& s) {
  for_element(s.element, [&]<class T>() {
    launch(input_grad_kernel<T>, grid_of(s.rows * s.dim), dim3(kThreads), s, "gate input gradient");
  });
}

void gate_weight_grad(const GateGrad& s) {
  for_element(s.element, [&]<class T>() {
    launch(weight_grad_kernel<T>, grid_of(s.experts * s.dim), dim3(kThreads), s,
           "gate weight gradient");
  });
}

}  // namespace cohort::kernels::device
