#include "kernels/device/cuda_support.cuh"

// The formulas of attention.h, in three plain kernels. A block of kBlock threads takes one query
// and head (or one key row and head, for dk and dv) and walks over the other side kBlock items at a
// time: each thread makes the weight of one item, then each thread adds up one dimension over the
// items in order. So an element's order depends on its own query (key) alone.
//
// l and sum_i p_i dp_i: item j belongs to thread j % kBlock, the threads' sums in a fixed tree.
namespace cohort::kernels::device {
namespace {

constexpr int kBlock = 128;

template <class T>
__device__ const T* row_of(const HeadTensor& x, int64_t row, int64_t head) {
  return static_cast<const T*>(x.data) + row * x.row_stride + head * x.head_stride;
}

// One accumulator, in order.
template <class T>
__device__ float dot(const T* a, const T* b, int64_t dim) {
  float sum = 0.0f;
  for (int64_t d = 0; d < dim; ++d) sum = fmaf(load(a[d]), load(b[d]), sum);
  return sum;
}

// A query and a head, and its keys.
template <class T>
struct Query {
  const Attention& a;
  int64_t t, head, kv, limit;
  const T* q;
  __device__ Query(const Attention& attention, int64_t item)
      : a(attention),
        t(item / attention.heads),
        head(item % attention.heads),
        kv(head / attention.group),
        limit(attention.limits[t]),
        q(row_of<T>(attention.q, t, head)) {}
  __device__ int64_t key_row(int64_t j) const { return a.key_rows[a.first_keys[t] + j]; }
  __device__ const T* key(int64_t j) const { return row_of<T>(a.k, key_row(j), kv); }
  __device__ const T* value(int64_t j) const { return row_of<T>(a.v, key_row(j), kv); }
  __device__ float score(int64_t j) const { return dot(q, key(j), a.key_dim) * a.scale; }

  __device__ float largest_score() const {
    float largest = -INFINITY;
    for (int64_t j = threadIdx.x; j < limit; j += kBlock) largest = fmaxf(largest, score(j));
    return block_max<kBlock>(largest);
  }
};

// out = (sum_j e_j v_j) / l, e_j = exp(s_j - max), l = sum_j e_j.
template <class T>
__global__ void forward_kernel(Attention a) {
  __shared__ float weights[kBlock];
  const Query<T> query(a, blockIdx.x);
  const float largest = query.largest_score();
  float l = 0.0f;
  for (int64_t j = threadIdx.x; j < query.limit; j += kBlock) l += expf(query.score(j) - largest);
  const float inverse = 1.0f / block_sum<kBlock>(l);
  T* out =
      static_cast<T*>(a.out.data) + query.t * a.out.row_stride + query.head * a.out.head_stride;
  for (int64_t d0 = 0; d0 < a.value_dim; d0 += kBlock) {
    const int64_t d = d0 + threadIdx.x;
    float sum = 0.0f;
    for (int64_t j0 = 0; j0 < query.limit; j0 += kBlock) {
      const int64_t j = j0 + threadIdx.x;
      const int64_t count = query.limit - j0 < kBlock ? query.limit - j0 : kBlock;
      if (j < query.limit) weights[threadIdx.x] = expf(query.score(j) - largest);
      __syncthreads();
      if (d < a.value_dim) {
        for (int64_t i = 0; i < count; ++i) {
          sum = fmaf(weights[i], load(query.value(j0 + i)[d]), sum);
        }
      }
      __syncthreads();
    }
    if (d < a.value_dim) store(sum * inverse, out[d]);
  }
}

// With p_j = e_j / l and dp_j = d_out . v_j: stats = (max, 1 / l, sum_j p_j dp_j), and
// dq = sum_j ds_j k_j with ds_j = p_j (dp_j - sum_i p_i dp_i) scale.
template <class T>
__global__ void query_grad_kernel(AttentionBackward b) {
  __shared__ float weights[kBlock];
  const Attention& a = b.forward;
  const Query<T> query(a, blockIdx.x);
  const T* d_out = row_of<T>(b.d_out, query.t, query.head);
  const float largest = query.largest_score();
  float l = 0.0f;
  for (int64_t j = threadIdx.x; j < query.limit; j += kBlock) l += expf(query.score(j) - largest);
  const float inverse = 1.0f / block_sum<kBlock>(l);
  float mean = 0.0f;
  for (int64_t j = threadIdx.x; j < query.limit; j += kBlock) {
    const float p = expf(query.score(j) - largest) * inverse;
    mean = fmaf(p, dot(d_out, query.value(j), a.value_dim), mean);
  }
  mean = block_sum<kBlock>(mean);
  if (threadIdx.x == 0) {
    float* stats = b.stats + static_cast<int64_t>(blockIdx.x) * 3;
    stats[0] = largest;
    stats[1] = inverse;
    stats[2] = mean;
  }
  T* dq = static_cast<T*>(a.out.data) + query.t * a.out.row_stride + query.head * a.out.head_stride;
  for (int64_t d0 = 0; d0 < a.key_dim; d0 += kBlock) {
    const int64_t d = d0 + threadIdx.x;
    float sum = 0.0f;
    for (int64_t j0 = 0; j0 < query.limit; j0 += kBlock) {
      const int64_t j = j0 + threadIdx.x;
      const int64_t count = query.limit - j0 < kBlock ? query.limit - j0 : kBlock;
      if (j < query.limit) {
        const float p = expf(query.score(j) - largest) * inverse;
        weights[threadIdx.x] = p * (dot(d_out, query.value(j), a.value_dim) - mean) * a.scale;
      }
      __syncthreads();
      if (d < a.key_dim) {
        for (int64_t i = 0; i < count; ++i) {
          sum = fmaf(weights[i], load(query.key(j0 + i)[d]), sum);
        }
      }
      __syncthreads();
    }
    if (d < a.key_dim) store(sum, dq[d]);
  }
}

// dk_r = sum ds q, dv_r = sum p d_out, over the queries that see row r: its uses in order, the
// queries of a use in order, the heads that share r in order.
template <class T>
__global__ void key_grad_kernel(AttentionBackward b) {
  __shared__ float p_of[kBlock], ds_of[kBlock];
  const Attention& a = b.forward;
  const int64_t kv_heads = a.heads / a.group;
  const int64_t row = blockIdx.x / kv_heads, kv = blockIdx.x % kv_heads;
  const T* key = row_of<T>(a.k, row, kv);
  const T* value = row_of<T>(a.v, row, kv);
  float* dk = b.dk + (row * kv_heads + kv) * a.key_dim;
  float* dv = b.dv + (row * kv_heads + kv) * a.value_dim;
  const int64_t widest = a.key_dim > a.value_dim ? a.key_dim : a.value_dim;
  for (int64_t d0 = 0; d0 < widest; d0 += kBlock) {
    const int64_t d = d0 + threadIdx.x;
    float dk_sum = 0.0f, dv_sum = 0.0f;
    for (int64_t u = b.use_offsets[row]; u < b.use_offsets[row + 1]; ++u) {
      const int64_t pairs = (b.use_end[u] - b.use_begin[u]) * a.group;
      for (int64_t i0 = 0; i0 < pairs; i0 += kBlock) {
        const int64_t mine = i0 + threadIdx.x;
        const int64_t count = pairs - i0 < kBlock ? pairs - i0 : kBlock;
        if (mine < pairs) {
          const int64_t t = b.use_begin[u] + mine / a.group, h = kv * a.group + mine % a.group;
          const float* stats = b.stats + (t * a.heads + h) * 3;
          const float score = dot(row_of<T>(a.q, t, h), key, a.key_dim) * a.scale;
          const float p = expf(score - stats[0]) * stats[1];
          const float dp = dot(row_of<T>(b.d_out, t, h), value, a.value_dim);
          p_of[threadIdx.x] = p;
          ds_of[threadIdx.x] = p * (dp - stats[2]) * a.scale;
        }
        __syncthreads();
        for (int64_t i = 0; i < count; ++i) {
          const int64_t t = b.use_begin[u] + (i0 + i) / a.group;
          const int64_t h = kv * a.group + (i0 + i) % a.group;
          if (d < a.key_dim) dk_sum = fmaf(ds_of[i], load(row_of<T>(a.q, t, h)[d]), dk_sum);
          if (d < a.value_dim) dv_sum = fmaf(p_of[i], load(row_of<T>(b.d_out, t, h)[d]), dv_sum);
        }
        __syncthreads();
      }
    }
    if (d < a.key_dim) dk[d] = dk_sum;
    if (d < a.value_dim) dv[d] = dv_sum;
  }
}

}  // namespace

void attention(const Attention& a) {
  for_element(a.element, [&]<class T>() {
    launch(forward_kernel<T>, one_block_each(a.queries * a.heads), dim3(kBlock), a, "attention");
  });
}

void attention_backward(const AttentionBackward& b) {
  const Attention& a = b.forward;
  for_element(a.element, [&]<class T>() {
    launch(query_grad_kernel<T>, one_block_each(a.queries * a.heads), dim3(kBlock), b,
           "attention backward, queries");
    launch(key_grad_kernel<T>, one_block_each(b.rows * (a.heads / a.group)), dim3(kBlock), b,
           "attention backward, keys");
  });
}

}  // namespace cohort::kernels::device
