// Sums whose order does not depend on the number of ranks. Each element is summed by the same tree,
// so splitting the elements over blocks and threads changes no bit.
#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/error.h"
#include "core/base/threads.h"
#include "core/comm/communicator.h"

namespace cohort {
namespace {

// A block of every part stays in the first-level cache while its tree is summed.
constexpr int64_t kBlock = 1024;
// Of the buffers of a reduce-scatter: 16 MiB each.
constexpr int64_t kWindowFloats = int64_t{4} << 20;

// out[i] = a[i] + b[i]; out may be a. The trip count of whole blocks is a constant, so that -O2
// vectorises the loop.
void add(const float* a, const float* b, float* out, int64_t n) {
  if (n == kBlock) {
#pragma omp simd
    for (int64_t i = 0; i < kBlock; ++i) out[i] = a[i] + b[i];
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = a[i] + b[i];
  }
}

// What adding zeros gives: only -0 changes.
void add_zero(const float* a, float* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = a[i] + 0.0f;
}

// node [a, b) = node [a, m) + node [m, b), over elements [begin, begin + n) of parts[a, b): a
// part's own elements, `buffer`, or null when all of its parts are absent.
const float* sum_node(std::span<const float* const> parts, int64_t begin, int64_t n,
                      float* buffer) {
  if (parts.size() == 1) return parts[0] != nullptr ? parts[0] + begin : nullptr;
  float right_buffer[kBlock];
  const size_t half = parts.size() / 2;
  const float* left = sum_node(parts.first(half), begin, n, buffer);
  const float* right = sum_node(parts.last(half), begin, n, right_buffer);
  if (left == nullptr && right == nullptr) return nullptr;
  if (left != nullptr && right != nullptr) {
    add(left, right, buffer, n);
  } else {
    add_zero(left != nullptr ? left : right, buffer, n);
  }
  return buffer;
}

}  // namespace

void tree_sum(std::span<const float* const> parts, std::span<float> out) {
  COHORT_CHECK(std::has_single_bit(parts.size()), "{} parts: not a power of two", parts.size());
  const auto size = static_cast<int64_t>(out.size());
  const int64_t num_blocks = (size + kBlock - 1) / kBlock;
  parallel_ranges(num_blocks, 64, [&](int64_t block, int64_t end) {
    for (; block < end; ++block) {
      const int64_t begin = block * kBlock;
      const int64_t count = std::min(kBlock, size - begin);
      const float* sum = sum_node(parts, begin, count, out.data() + begin);
      const auto bytes = static_cast<size_t>(count) * sizeof(float);
      if (sum == nullptr) {
        std::memset(out.data() + begin, 0, bytes);
      } else if (sum != out.data() + begin) {
        std::memcpy(out.data() + begin, sum, bytes);
      }
    }
  });
}

void reduce_scatter_tree(Communicator& comm, std::span<const float> mine,
                         const std::vector<int64_t>& bounds, std::span<float> chunk,
                         const char* what) {
  const auto num_ranks = static_cast<size_t>(comm.size());
  const auto rank = static_cast<size_t>(comm.rank());
  COHORT_CHECK(std::has_single_bit(num_ranks), "{}: {} ranks: not a power of two", what, num_ranks);
  COHORT_CHECK_EQ(bounds.size(), num_ranks + 1);
  COHORT_CHECK(bounds.front() == 0 && std::is_sorted(bounds.begin(), bounds.end()),
               "{}: bounds must ascend from 0", what);
  COHORT_CHECK_EQ(bounds.back(), static_cast<int64_t>(mine.size()));
  COHORT_CHECK_EQ(bounds[rank + 1] - bounds[rank], static_cast<int64_t>(chunk.size()));
  if (num_ranks == 1) {
    if (!mine.empty()) std::memcpy(chunk.data(), mine.data(), mine.size_bytes());
    return;
  }

  int64_t longest = 0;
  for (size_t r = 0; r < num_ranks; ++r) longest = std::max(longest, bounds[r + 1] - bounds[r]);

  // In windows of the chunks, of one length for all ranks, so that the buffers are small beside the
  // gradients and made once. The end of a chunk shorter than the longest is padding.
  const int64_t window = std::min(longest, kWindowFloats / static_cast<int64_t>(num_ranks));
  std::vector<float> send(num_ranks * static_cast<size_t>(window));
  std::vector<float> receive(send.size());
  for (int64_t begin = 0; begin < longest; begin += window) {
    const auto part = static_cast<size_t>(std::min(window, longest - begin));
    const auto count_of = [&](size_t r) {
      return static_cast<size_t>(std::clamp<int64_t>(bounds[r + 1] - bounds[r] - begin, 0, window));
    };
    for (size_t r = 0; r < num_ranks; ++r)
      if (count_of(r) > 0)
        std::memcpy(&send[r * part], &mine[static_cast<size_t>(bounds[r] + begin)],
                    count_of(r) * sizeof(float));
    comm.all_to_all(std::as_bytes(std::span(send).first(num_ranks * part)),
                    std::as_writable_bytes(std::span(receive).first(num_ranks * part)), what);
    if (count_of(rank) == 0) continue;
    std::vector<const float*> parts;
    for (size_t r = 0; r < num_ranks; ++r) parts.push_back(&receive[r * part]);
    tree_sum(parts, chunk.subspan(static_cast<size_t>(begin), count_of(rank)));
  }
}

}  // namespace cohort
