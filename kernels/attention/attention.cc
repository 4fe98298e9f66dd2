#include "kernels/attention/attention.h"

#include <atomic>

#include "core/base/threads.h"
#include "kernels/attention/attention_device.h"
#include "kernels/attention/attention_tile.h"
#include "kernels/autograd_node.h"
#include "kernels/memory/step_memory.h"
#include "kernels/op_support.h"

namespace cohort::kernels {
namespace {

// Scores that a tile keeps at a time (256 KB), and the rows that are worth it. No bit depends on
// either.
constexpr int64_t kTileScores = 65536;
constexpr int64_t kMaxTileRows = 64;
// Multiply-adds below which more threads cost more than they bring.
constexpr int64_t kWorthThreads = 1 << 18;

struct Operands {
  at::Tensor q, k, v;
  AttentionLayoutPtr layout;
  double scale = 0;
  int64_t window = 0;

  int64_t heads() const { return q.size(1); }
  int64_t kv_heads() const { return k.size(1); }
  int64_t group() const { return heads() / kv_heads(); }
  int64_t sequences() const { return static_cast<int64_t>(layout->first_position.size()); }
  int64_t queries(int64_t i) const {
    return layout->query_offsets[i + 1] - layout->query_offsets[i];
  }
  int64_t keys(int64_t i) const { return layout->first_position[i] + queries(i); }
  int64_t multiply_adds() const {
    int64_t pairs = 0;
    for (int64_t i = 0; i < sequences(); ++i) pairs += queries(i) * keys(i);
    return pairs * heads() * (q.size(2) + v.size(2));
  }
};

template <class T>
HeadRows<const T> rows_of(const at::Tensor& x) {
  return {in_ptr<T>(x), x.stride(0), x.stride(1)};
}
template <class T>
HeadRows<T> writable_rows_of(const at::Tensor& x) {
  return {out_ptr<T>(x), x.stride(0), x.stride(1)};
}

// Queries [begin, end) of sequence i, key heads [kv_begin, kv_end).
TileShape tile_shape(const Operands& o, int64_t i, int64_t begin, int64_t end, int64_t kv_begin,
                     int64_t kv_end) {
  const AttentionLayout& layout = *o.layout;
  TileShape s;
  s.first_query = layout.query_offsets[i] + begin;
  s.queries = end - begin;
  s.first_limit = layout.first_position[i] + begin + 1;
  s.kv_begin = kv_begin;
  s.kv_end = kv_end;
  s.group = o.group();
  s.key_rows = layout.key_rows.data() + layout.key_offsets[i];
  s.num_key_rows = o.k.size(0);
  s.key_dim = o.k.size(2);
  s.value_dim = o.v.size(2);
  s.scale = static_cast<float>(o.scale);
  s.window = o.window;
  return s;
}

int64_t queries_a_tile(const Operands& o, int64_t i, int64_t kv_heads) {
  const int64_t rows =
      std::clamp<int64_t>(kTileScores / score_row_size(o.keys(i)), 8, kMaxTileRows);
  return std::max<int64_t>(1, rows / (o.group() * kv_heads));
}

// A decode step takes all heads of a sequence at once, so that its rows of k and v are read once,
// in one piece; a prompt, or too few sequences for the threads, is dealt head by head. The result
// lasts until the thread asks again.
const std::vector<TileShape>& forward_tiles(const Operands& o) {
  static thread_local std::vector<TileShape> tiles;
  tiles.clear();
  const int64_t all = o.kv_heads();
  const bool many = o.sequences() >= 4 * num_threads();
  for (int64_t i = 0; i < o.sequences(); ++i) {
    const int64_t queries = o.queries(i);
    const int64_t kv_step = many && queries <= queries_a_tile(o, i, all) ? all : 1;
    const int64_t step = queries_a_tile(o, i, kv_step);
    for (int64_t kv = 0; kv < all; kv += kv_step) {
      for (int64_t begin = 0; begin < queries; begin += step) {
        tiles.push_back(tile_shape(o, i, begin, std::min(begin + step, queries), kv, kv + kv_step));
      }
    }
  }
  return tiles;
}

// fn(item, scratch) for every item, taken by threads as they come free: items differ in size and
// are independent.
template <class Fn>
void run_items(int64_t items, int64_t multiply_adds, const Fn& fn) {
  const auto work = [&](int64_t i) {
    static thread_local TileScratch scratch;
    fn(i, scratch);
  };
  if (multiply_adds < kWorthThreads) {
    for (int64_t i = 0; i < items; ++i) work(i);
  } else {
    parallel_tasks(items, work);
  }
}

void check_arguments(const Operands& o) {
  const auto has_rows = [](const at::Tensor& x) {
    return x.dim() == 3 && (x.size(2) == 1 || x.stride(2) == 1);
  };
  COHORT_CHECK(has_rows(o.q) && has_rows(o.k) && has_rows(o.v) && o.k.size(2) == o.q.size(2) &&
                   o.v.size(0) == o.k.size(0) && o.v.size(1) == o.k.size(1) &&
                   o.heads() % o.kv_heads() == 0 && o.k.scalar_type() == o.q.scalar_type() &&
                   o.v.scalar_type() == o.q.scalar_type(),
               "attention: q [T, nh, Dk], k [R, nkv, Dk], v [R, nkv, Dv] of one dtype");
  const AttentionLayout& layout = *o.layout;
  const size_t n = layout.first_position.size();
  COHORT_CHECK(layout.query_offsets.size() == n + 1 && layout.key_offsets.size() == n + 1 &&
                   layout.query_offsets.front() == 0 &&
                   layout.query_offsets.back() == o.q.size(0) &&
                   layout.key_offsets.back() <= static_cast<int64_t>(layout.key_rows.size()),
               "attention: a layout of {} sequences does not fit {} queries", n, o.q.size(0));
  for (int64_t i = 0; i < o.sequences(); ++i) {
    COHORT_CHECK(
        o.queries(i) >= 0 && layout.key_offsets[i + 1] - layout.key_offsets[i] >= o.keys(i),
        "attention: sequence {} has fewer keys than positions", i);
  }
}

void check_key_rows(const std::atomic<bool>& in_range, const Operands& o) {
  COHORT_CHECK(in_range, "attention: a key row is outside the {} rows of k", o.k.size(0));
}

at::Tensor forward(const Operands& o) {
  at::Tensor out = result({o.q.size(0), o.heads(), o.v.size(2)}, o.q.options());
  if (const auto* ops = device_ops(o.q)) {
    device_attention({*ops, o.q, o.k, o.v, *o.layout, o.scale, o.window}, out);
    return out;
  }
  const std::vector<TileShape>& tiles = forward_tiles(o);
  std::atomic<bool> in_range = true;
  for_dtype(o.q.scalar_type(), [&]<class T>() {
    run_items(static_cast<int64_t>(tiles.size()), o.multiply_adds(),
              [&](int64_t i, TileScratch& scratch) {
                const ForwardTile<T> tile = {tiles[i], rows_of<T>(o.q), rows_of<T>(o.k),
                                             rows_of<T>(o.v), writable_rows_of<T>(out)};
                if (!attention_forward_tile<T>(tile, scratch)) in_range = false;
              });
  });
  check_key_rows(in_range, o);
  return out;
}

// Sequences of tree t.
std::pair<int64_t, int64_t> tree(const AttentionLayout& layout, int64_t t) {
  if (layout.tree_offsets.empty()) return {t, t + 1};
  return {layout.tree_offsets[t], layout.tree_offsets[t + 1]};
}

// An item is a tree and a key head: its rows of dk and dv are its own, and are added to query by
// query.
variable_list backward(const Operands& o, const at::Tensor& d_out) {
  const at::TensorOptions fp32 = o.q.options().dtype(at::kFloat);
  at::Tensor dq = at::empty(o.q.sizes(), o.q.options());
  at::Tensor dk = at::zeros(o.k.sizes(), fp32), dv = at::zeros(o.v.sizes(), fp32);
  const AttentionLayout& layout = *o.layout;
  const int64_t trees = layout.tree_offsets.empty()
                            ? o.sequences()
                            : static_cast<int64_t>(layout.tree_offsets.size()) - 1;
  COHORT_CHECK(layout.tree_offsets.empty() || layout.tree_offsets.back() == o.sequences(),
               "attention: the trees do not cover {} sequences", o.sequences());
  if (const auto* ops = device_ops(o.q)) {
    device_attention_backward({*ops, o.q, o.k, o.v, layout, o.scale, o.window}, d_out, dq, dk, dv);
    return {dq, dk.to(o.k.scalar_type()), dv.to(o.v.scalar_type())};
  }
  std::atomic<bool> in_range = true;
  for_dtype(o.q.scalar_type(), [&]<class T>() {
    run_items(trees * o.kv_heads(), 3 * o.multiply_adds(), [&](int64_t item, TileScratch& scratch) {
      const int64_t kv = item % o.kv_heads();
      const auto [first, last] = tree(layout, item / o.kv_heads());
      for (int64_t i = first; i < last; ++i) {
        const int64_t queries = o.queries(i), step = queries_a_tile(o, i, 1);
        for (int64_t begin = 0; begin < queries; begin += step) {
          const BackwardTile<T> tile = {
              tile_shape(o, i, begin, std::min(begin + step, queries), kv, kv + 1),
              rows_of<T>(o.q),
              rows_of<T>(o.k),
              rows_of<T>(o.v),
              rows_of<T>(d_out),
              writable_rows_of<T>(dq),
              writable_rows_of<float>(dk),
              writable_rows_of<float>(dv)};
          if (!attention_backward_tile<T>(tile, scratch)) in_range = false;
        }
      }
    });
  });
  check_key_rows(in_range, o);
  return {dq, dk.to(o.k.scalar_type()), dv.to(o.v.scalar_type())};
}

struct AttentionBackward final : torch::autograd::Node {
  SavedVariable q, k, v;
  AttentionLayoutPtr layout;
  double scale = 0;
  int64_t window = 0;

  variable_list apply(variable_list&& grads) override {
    if (!grads[0].defined()) return {at::Tensor(), at::Tensor(), at::Tensor()};
    return backward({q.unpack(), k.unpack(), v.unpack(), layout, scale, window},
                    grads[0].contiguous());
  }
  void release_variables() override {
    q.reset_data();
    k.reset_data();
    v.reset_data();
  }
};

}  // namespace

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionLayoutPtr& layout, double scale, int64_t window) {
  const Operands operands = {q, k, v, layout, scale, window};
  check_arguments(operands);
  const at::Tensor out = forward(operands);
  if (takes_gradient(q)) {
    auto node = make_node<AttentionBackward>(q, k, v);
    node->q = save_input(q);
    node->k = save_input(k);
    node->v = save_input(v);
    node->layout = layout;
    node->scale = scale;
    node->window = window;
    set_output(out, node);
  }
  return out;
}

}  // namespace cohort::kernels
