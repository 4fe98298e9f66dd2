#include "kernels/device/cuda_support.cuh"

// plan.h on the device, so that the host need not wait for the router.
namespace cohort::kernels::device {
namespace {

// A block an expert. Each of its threads looks at a run of slots of its own, so rows keep the order
// of the slots.
__global__ void sort_kernel(SortByExpert s) {
  __shared__ int64_t lower_of[kThreads], own_of[kThreads];
  const int64_t expert = blockIdx.x, slots = s.tokens * s.top_k;
  const int64_t each = (slots + kThreads - 1) / kThreads, mine = threadIdx.x * each;
  const int64_t begin = mine < slots ? mine : slots;
  const int64_t end = mine + each < slots ? mine + each : slots;
  int64_t lower = 0, own = 0;
  for (int64_t i = begin; i < end; ++i) {
    lower += s.index[i] < expert ? 1 : 0;
    own += s.index[i] == expert ? 1 : 0;
  }
  lower_of[threadIdx.x] = lower;
  own_of[threadIdx.x] = own;
  __syncthreads();
  int64_t first = 0, before = 0;
  for (unsigned t = 0; t < kThreads; ++t) {
    first += lower_of[t];
    before += t < threadIdx.x ? own_of[t] : 0;
  }
  int64_t row = first + before;
  for (int64_t i = begin; i < end; ++i) {
    if (s.index[i] != expert) continue;
    s.token[row] = static_cast<int32_t>(i / s.top_k);
    s.slot[row] = static_cast<int32_t>(i);
    s.row[i] = static_cast<int32_t>(row);
    ++row;
  }
  if (threadIdx.x == 0) s.offsets[expert] = first;
  if (threadIdx.x == 0 && expert == s.experts - 1) s.offsets[s.experts] = slots;
}

// A thread an expert and a shard; the last border by the thread after them.
__global__ void borders_kernel(ExpertBorders s) {
  const int64_t item = item_index();
  if (item > s.experts * s.shards) return;
  int64_t low = s.offsets[s.experts], high = low;
  if (item < s.experts * s.shards) {
    low = s.offsets[item / s.shards];
    high = s.offsets[item / s.shards + 1];
  }
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (s.token[middle] < s.shard_rows[item % s.shards]) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  s.borders[item] = low;
}

}  // namespace

void sort_by_expert(const SortByExpert& s) {
  launch(sort_kernel, one_block_each(s.experts), dim3(kThreads), s, "sorting rows by expert");
}

void expert_borders(const ExpertBorders& s) {
  launch(borders_kernel, grid_of(s.experts * s.shards + 1), dim3(kThreads), s,
         "borders of shards and experts");
}

}  // namespace cohort::kernels::device
