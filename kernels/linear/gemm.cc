#include "kernels/linear/gemm.h"

#include <ATen/ops/empty.h>
#include <c10/util/SmallVector.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <vector>

#include "core/base/error.h"
#include "core/base/threads.h"

namespace cohort::kernels::gemm {
namespace {

// Rows of a block: A's block stays in the second cache while panels pass by.
constexpr int64_t kMaxBlockRows = 192;
constexpr int64_t kMinBlockRows = 28;
constexpr int64_t kBlockBytes = 512 << 10;
constexpr int64_t kPieceBytes = 1 << 20;  // of B, when several row blocks share it
// An item of work under this many multiply-adds costs more to deal out than to do.
constexpr int64_t kMinItemWork = 512 << 10;
constexpr int64_t kMinPackBytes = 128 << 10;   // likewise, of a weight to pack
constexpr int64_t kMinGatherSize = 128 << 10;  // likewise, of elements to quantise
// Blocks of a weight gradient, in rows of the batch, of the weight and in its columns: large enough
// to repay transposing dy and packing x, both of which fit the second cache.
constexpr int64_t kGradRows = 512;  // a multiple of every chunk of steps
constexpr int64_t kGradBlockN = 384, kGradBlockK = 640;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t max_block_rows(int64_t inner) {
  return std::clamp(kBlockBytes / (4 * std::max<int64_t>(inner, 1)), kMinBlockRows, kMaxBlockRows);
}

// Into how many items to cut a product; 1 means the calling thread alone. Few rows cost what
// reading the weight costs, as much as multiplying kReadingRows of them.
int64_t wanted_items(int64_t rows, int64_t columns, int64_t inner) {
  constexpr int64_t kReadingRows = 8;
  const int64_t threads = in_parallel_task() ? 1 : num_threads();
  const int64_t work = std::max(rows, kReadingRows) * columns * inner;
  return threads == 1 ? 1 : std::clamp<int64_t>(work / kMinItemWork, 1, 6 * threads);
}

// work(i) for all i, on all threads where that is worth it.
template <class Work>
void for_tasks(int64_t tasks, bool worth_threads, const Work& work) {
  if (worth_threads) return parallel_tasks(tasks, work);
  for (int64_t i = 0; i < tasks; ++i) work(i);
}

struct AlignedBuffer {
  char* data = nullptr;
  int64_t bytes = 0;

  ~AlignedBuffer() { std::free(data); }
  char* reserve(int64_t wanted) {
    if (wanted > bytes) {
      std::free(data);
      bytes = ceil_div(std::max(wanted, 2 * bytes), 4096) * 4096;
      data = static_cast<char*>(std::aligned_alloc(4096, bytes));
      if (data == nullptr) throw std::bad_alloc();
    }
    return data;
  }
};

// A row's stride that does not send the rows of a tile to the same sets of the first cache.
int64_t spread(int64_t row_bytes) { return ceil_div(row_bytes, 64) * 64 + 64; }

Rows weight_rows(const Param& w, int64_t group, int64_t n, int64_t k) {
  const int64_t row_bytes = k * w.data.element_size();
  return {static_cast<const char*>(w.data.const_data_ptr()) + group * n * row_bytes, row_bytes};
}

struct WeightShape {
  int64_t groups, n, k;
};
WeightShape shape_of(const Param& w) {
  const at::Tensor& data = w.data;
  COHORT_CHECK((data.dim() == 2 || data.dim() == 3) && data.is_contiguous(),
               "a weight of linear is contiguous [N, K] or [G, N, K]");
  return data.dim() == 2 ? WeightShape{1, data.size(0), data.size(1)}
                         : WeightShape{data.size(0), data.size(1), data.size(2)};
}

// pack(group, panel_begin, panel_end, group's place) over all panels of all groups.
template <class Pack>
PackedWeight packed(const Param& w, at::Tensor& storage, int64_t& version, int64_t groups,
                    int64_t columns, int64_t inner, Element element, const Pack& pack) {
  const int64_t group_bytes = packed_bytes(element, columns, inner);
  const bool fits = storage.defined() && storage.numel() == groups * group_bytes;
  if (!fits) storage = at::empty({groups * group_bytes}, at::kByte);
  char* data = static_cast<char*>(storage.data_ptr());
  if (!fits || version != w.version) {
    const int64_t panels = panels_of(columns);
    const int64_t at_once = std::max<int64_t>(1, (64 << 10) / std::max<int64_t>(1, kPanel * inner));
    const int64_t pieces = ceil_div(panels, at_once);
    const auto work = [&](int64_t i) {
      const int64_t group = i / pieces, begin = i % pieces * at_once;
      pack(group, begin, std::min(begin + at_once, panels), data + group * group_bytes);
    };
    for_tasks(groups * pieces, groups * group_bytes > kMinPackBytes, work);
    version = w.version;
  }
  return {data, group_bytes, steps_of(element, inner) * step_bytes(element), columns, inner};
}

}  // namespace

PackedWeight packed_forward(const Param& w) {
  const MicroKernels& kernels = micro_kernels(w.data.scalar_type(), w.format);
  const auto [groups, n, k] = shape_of(w);
  return packed(w, w.packed.forward, w.packed.forward_version, groups, n, k, kernels.element,
                [&](int64_t group, int64_t begin, int64_t end, char* b) {
                  kernels.pack.pack_transposed(weight_rows(w, group, n, k), n, k, begin, end, b);
                });
}

PackedWeight packed_backward(const Param& w) {
  COHORT_CHECK(w.format == WeightFormat::same, "8-bit weights have no backward direction");
  const MicroKernels& kernels = micro_kernels(w.data.scalar_type());
  const auto [groups, n, k] = shape_of(w);
  return packed(w, w.packed.backward, w.packed.backward_version, groups, k, n, kernels.element,
                [&](int64_t group, int64_t begin, int64_t end, char* b) {
                  kernels.pack.pack(weight_rows(w, group, n, k), n, k, begin, end, b);
                });
}

PackedWeight part_of_columns(const PackedWeight& b, int64_t first, int64_t count) {
  COHORT_CHECK(first % kPart == 0 && first + count <= b.columns, "columns {} to {} of {}", first,
               first + count, b.columns);
  PackedWeight part = b;
  part.data += first / kPanel * b.panel_bytes;
  part.columns = count;
  return part;
}

PackedWeight part_of_inner(const PackedWeight& b, Element element, int64_t first, int64_t count) {
  COHORT_CHECK(first % kPart == 0 && first + count <= b.inner, "inner places {} to {} of {}", first,
               first + count, b.inner);
  PackedWeight part = b;
  part.data += steps_of(element, first) * step_bytes(element);
  part.inner = count;
  return part;
}

Rows rows_of(const at::Tensor& x) {
  COHORT_CHECK(x.dim() == 2 && (x.size(1) <= 1 || x.stride(1) == 1),
               "linear takes [rows, columns] with contiguous rows");
  return {static_cast<const char*>(x.const_data_ptr()), x.stride(0) * x.element_size()};
}

Target2D target_of(const at::Tensor& out) {
  rows_of(out);  // checks the layout
  return {static_cast<char*>(out.data_ptr()), out.stride(0),
          out.scalar_type() == at::kFloat ? Output::kFp32 : Output::kBf16};
}

char* thread_scratch(Scratch slot, int64_t bytes) {
  static thread_local AlignedBuffer buffers[6];
  return buffers[static_cast<int>(slot)].reserve(bytes);
}

void multiply_block(const MicroKernels& kernels, const Rows& x, int64_t rows, const PackedWeight& b,
                    int64_t group, int64_t panel_begin, int64_t panel_end, const Target2D& c) {
  const int64_t steps = steps_of(kernels.element, b.inner);
  const bool as_it_is = kernels.reads_as_it_is(x, b.inner);
  const int64_t blocks = ceil_div(rows, max_block_rows(b.inner));
  const int64_t c_bytes = c.row_elements * (c.output == Output::kBf16 ? 2 : 4);
  for (int64_t i = 0; i < blocks; ++i) {
    const int64_t begin = i * rows / blocks, count = (i + 1) * rows / blocks - begin;
    Rows a = x.from(begin);
    if (!as_it_is) {
      const int64_t row_bytes = spread(kernels.a_row_bytes(b.inner));
      char* gathered = thread_scratch(Scratch::kA, count * row_bytes);
      kernels.gather(a, count, b.inner, gathered, row_bytes);
      a = {gathered, row_bytes};
    }
    kernels.multiply({.a = a.data,
                      .a_row_bytes = a.row_bytes,
                      .b = b.group(group),
                      .panel_bytes = b.panel_bytes,
                      .c = c.data + begin * c_bytes,
                      .c_row = c.row_elements,
                      .rows = count,
                      .columns = b.columns,
                      .steps = steps,
                      .panel_begin = panel_begin,
                      .panel_end = panel_end,
                      .output = c.output});
  }
}

void multiply_block(const MicroKernels& kernels, const Rows& x, int64_t rows, const PackedWeight& b,
                    int64_t group, const Target2D& c) {
  multiply_block(kernels, x, rows, b, group, 0, panels_of(b.columns), c);
}

namespace {

// All of A in the form that multiply() reads, in the calling thread's scratch: for items that would
// each quantise the same rows.
Rows gather_once(const MicroKernels& kernels, const Rows& x, int64_t rows, int64_t inner) {
  const int64_t row_bytes = spread(kernels.a_row_bytes(inner));
  char* gathered = thread_scratch(Scratch::kA, rows * row_bytes);
  const int64_t at_once = std::max<int64_t>(1, (16 << 10) / inner),
                pieces = ceil_div(rows, at_once);
  const auto gather = [&](int64_t i) {
    const int64_t begin = i * at_once, count = std::min(at_once, rows - begin);
    kernels.gather(x.from(begin), count, inner, gathered + begin * row_bytes, row_bytes);
  };
  for_tasks(pieces, rows * inner > kMinGatherSize, gather);
  return {gathered, row_bytes, nullptr, /*gathered=*/true};
}

}  // namespace

void multiply(const MicroKernels& kernels, const Rows& x_any, std::span<const int64_t> offsets,
              const PackedWeight& b, const Target2D& c) {
  const int64_t groups = static_cast<int64_t>(offsets.size()) - 1;
  const int64_t rows = offsets[groups] - offsets[0];
  if (rows == 0 || b.columns == 0) return;
  const int64_t panels = panels_of(b.columns);
  const int64_t c_bytes = c.row_elements * (c.output == Output::kBf16 ? 2 : 4);
  const int64_t wanted = wanted_items(rows, b.columns, b.inner);
  const bool quantises = kernels.element == Element::kQ8 && b.inner > 0;
  const Rows x =
      quantises && wanted > 1 ? gather_once(kernels, x_any, offsets[groups], b.inner) : x_any;

  struct Block {
    int64_t group, begin, rows;
  };
  c10::SmallVector<Block, 8> blocks;
  for (int64_t g = 0; g < groups; ++g) {
    const int64_t begin = offsets[g], count = offsets[g + 1] - begin;
    const int64_t pieces = ceil_div(count, max_block_rows(b.inner));
    for (int64_t i = 0; i < pieces; ++i) {
      const int64_t first = begin + i * count / pieces;
      blocks.push_back({g, first, begin + (i + 1) * count / pieces - first});
    }
  }
  const int64_t num_blocks = static_cast<int64_t>(blocks.size());
  // Four panels at a time serve one or two rows best. Several row blocks meet a piece of B while it
  // is in a cache.
  int64_t panels_each = ceil_div(panels, ceil_div(wanted, num_blocks));
  if (num_blocks > groups) {
    const int64_t panel_bytes = steps_of(kernels.element, b.inner) * step_bytes(kernels.element);
    panels_each = std::min(panels_each, std::max<int64_t>(1, kPieceBytes / panel_bytes));
  }
  panels_each = std::min(panels, ceil_div(panels_each, 4) * 4);
  const int64_t items = num_blocks * ceil_div(panels, panels_each);
  const auto work = [&](int64_t i) {
    const Block& block = blocks[i % num_blocks];
    const int64_t begin = i / num_blocks * panels_each;
    multiply_block(kernels, x.from(block.begin), block.rows, b, block.group, begin,
                   std::min(begin + panels_each, panels),
                   {c.data + block.begin * c_bytes, c.row_elements, c.output});
  };
  for_tasks(items, wanted > 1, work);
}

namespace {

// One block [n_begin, n_end) x [k_begin, k_end) of a segment's gradient, on the calling thread.
void weight_grad_block(const MicroKernels& kernels, const Rows& dy, const Rows& x,
                       const WeightGradSegment& segment, int64_t n_begin, int64_t n_count,
                       int64_t k_begin, int64_t k_count, int64_t k_total) {
  const int64_t bytes = element_bytes(kernels.element);
  float* grad = segment.grad + n_begin * k_total + k_begin;
  for (int64_t begin = segment.begin; begin < segment.end; begin += kGradRows) {
    const int64_t rows = std::min(kGradRows, segment.end - begin);
    const int64_t steps = steps_of(kernels.element, rows);
    const Rows dy_rows = dy.columns_from(n_begin * bytes).from(begin);
    const Rows x_rows = x.columns_from(k_begin * bytes).from(begin);

    const int64_t t_bytes = spread(steps * kWordBytes);
    char* transposed = thread_scratch(Scratch::kTransposed, n_count * t_bytes);
    kernels.pack.transpose(dy_rows, rows, n_count, transposed, t_bytes);
    char* panels = thread_scratch(Scratch::kPanels, packed_bytes(kernels.element, k_count, rows));
    kernels.pack.pack(x_rows, rows, k_count, 0, panels_of(k_count), panels);

    const int64_t padded_rows = kernels.element == Element::kFp32 ? steps : 2 * steps;
    multiply_block(kernels, {transposed, t_bytes}, n_count,
                   {panels, 0, steps * kStepBytes, k_count, padded_rows}, 0,
                   {reinterpret_cast<char*>(grad), k_total, Output::kOntoFp32});
  }
}

}  // namespace

void weight_grad(const MicroKernels& kernels, const Rows& dy, const Rows& x, int64_t n, int64_t k,
                 std::span<const WeightGradSegment> segments) {
  int64_t rows = 0, used = 0;
  for (const WeightGradSegment& segment : segments) {
    rows += segment.end - segment.begin;
    used += segment.end > segment.begin;
  }
  if (rows == 0) return;
  const int64_t wanted = wanted_items(rows, n, k);
  int64_t n_block = std::min(kGradBlockN, n), k_block = std::min(kGradBlockK, k);
  const auto items_a_segment = [&] { return ceil_div(n, n_block) * ceil_div(k, k_block); };
  while (used * items_a_segment() < wanted && (n_block > 56 || k_block > 2 * kPanel)) {
    if (k_block > 2 * kPanel && k_block >= 2 * n_block) {
      k_block = ceil_div(k_block / 2, kPanel) * kPanel;
    } else if (n_block > 56) {
      n_block = ceil_div(n_block, 2);
    } else {
      k_block = ceil_div(k_block / 2, kPanel) * kPanel;
    }
  }
  const int64_t k_blocks = ceil_div(k, k_block), each = items_a_segment();
  const int64_t items = each * static_cast<int64_t>(segments.size());
  const auto work = [&](int64_t i) {
    const WeightGradSegment& segment = segments[i / each];
    if (segment.begin == segment.end) return;
    const int64_t n_begin = i % each / k_blocks * n_block, k_begin = i % each % k_blocks * k_block;
    weight_grad_block(kernels, dy, x, segment, n_begin, std::min(n_block, n - n_begin), k_begin,
                      std::min(k_block, k - k_begin), k);
  };
  for_tasks(items, wanted > 1, work);
}

std::vector<WeightGradSegment> grouped_segments(const Param& w, std::span<const int64_t> rows) {
  const int64_t shards = w.grad.size(0), groups = w.data.size(0);
  const int64_t size = w.data.size(1) * w.data.size(2);
  COHORT_CHECK_EQ(static_cast<int64_t>(rows.size()), groups * shards + 1);
  float* grad = w.grad.data_ptr<float>();
  std::vector<WeightGradSegment> segments;
  segments.reserve(groups * shards);
  for (int64_t g = 0; g < groups; ++g) {
    for (int64_t s = 0; s < shards; ++s) {
      const int64_t i = g * shards + s;
      segments.push_back({rows[i], rows[i + 1], grad + s * w.grad.stride(0) + g * size});
    }
  }
  return segments;
}

}  // namespace cohort::kernels::gemm
