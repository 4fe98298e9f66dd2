#include "kernels/attention/attention.h"

#include <limits>
#include <numeric>

#include "tests/kernels/op_test_support.h"

namespace cohort::kernels {
namespace {

constexpr double kScale = 0.06;

struct Shape {
  int64_t heads, kv_heads, key_dim, value_dim;
};

// Adds a sequence whose queries follow each other from first_position on.
void add_sequence(AttentionLayout& layout, int64_t queries, int64_t first_position,
                  const std::vector<int32_t>& key_rows) {
  if (layout.query_offsets.empty()) {
    layout.query_offsets = {0};
    layout.key_offsets = {0};
  }
  layout.query_offsets.push_back(layout.query_offsets.back() + queries);
  layout.first_position.push_back(first_position);
  layout.key_rows.insert(layout.key_rows.end(), key_rows.begin(), key_rows.end());
  layout.key_offsets.push_back(static_cast<int64_t>(layout.key_rows.size()));
}

AttentionLayoutPtr shared(AttentionLayout layout) {
  return std::make_shared<const AttentionLayout>(std::move(layout));
}

std::vector<int32_t> range(int32_t begin, int32_t end) {
  std::vector<int32_t> rows(end - begin);
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
}

// A prompt and completions that share its rows: rows of this pass, as in training.
AttentionLayout tree_layout(int32_t prompt, const std::vector<int32_t>& completions,
                            int32_t first_row = 0, AttentionLayout layout = {}) {
  layout.tree_offsets.resize(std::max<size_t>(1, layout.tree_offsets.size()), 0);
  add_sequence(layout, prompt, 0, range(first_row, first_row + prompt));
  int32_t row = first_row + prompt;
  for (const int32_t length : completions) {
    std::vector<int32_t> keys = range(first_row, first_row + prompt);
    for (int32_t i = 0; i < length; ++i) keys.push_back(row + i);
    add_sequence(layout, length, prompt, keys);
    row += length;
  }
  layout.tree_offsets.push_back(static_cast<int64_t>(layout.first_position.size()));
  return layout;
}

Doubles reference(const Doubles& q, const Doubles& k, const Doubles& v,
                  const AttentionLayout& layout, const Shape& s) {
  Doubles out;
  for (size_t i = 0; i < layout.first_position.size(); ++i) {
    for (int64_t t = layout.query_offsets[i]; t < layout.query_offsets[i + 1]; ++t) {
      const int64_t keys = layout.first_position[i] + t - layout.query_offsets[i] + 1;
      for (int64_t h = 0; h < s.heads; ++h) {
        const int64_t kv = h / (s.heads / s.kv_heads);
        const auto row = [&](int64_t j) { return layout.key_rows[layout.key_offsets[i] + j]; };
        Doubles p(keys);
        for (int64_t j = 0; j < keys; ++j) {
          for (int64_t d = 0; d < s.key_dim; ++d) {
            p[j] += q[(t * s.heads + h) * s.key_dim + d] *
                    k[(row(j) * s.kv_heads + kv) * s.key_dim + d] * kScale;
          }
        }
        const double largest = *std::max_element(p.begin(), p.end());
        double sum = 0;
        for (double& value : p) sum += value = std::exp(value - largest);
        for (int64_t d = 0; d < s.value_dim; ++d) {
          double o = 0;
          for (int64_t j = 0; j < keys; ++j) {
            o += p[j] / sum * v[(row(j) * s.kv_heads + kv) * s.value_dim + d];
          }
          out.push_back(o);
        }
      }
    }
  }
  return out;
}

struct Inputs {
  at::Tensor q, k, v;
};
Inputs inputs(const Shape& s, int64_t queries, int64_t rows, at::ScalarType dtype) {
  return {shaped({queries, s.heads, s.key_dim}, 1, dtype),
          shaped({rows, s.kv_heads, s.key_dim}, 2, dtype),
          shaped({rows, s.kv_heads, s.value_dim}, 3, dtype)};
}

class Attention : public ::testing::TestWithParam<at::ScalarType> {};
INSTANTIATE_TEST_SUITE_P(Dtypes, Attention, ::testing::Values(at::kFloat, at::kBFloat16));

const std::vector<Shape> kShapes = {{2, 2, 24, 16}, {4, 2, 17, 33}, {8, 1, 40, 70}, {3, 3, 48, 32}};

TEST_P(Attention, AgreesWithDouble) {
  for (const Shape& s : kShapes) {
    AttentionLayout layout;
    add_sequence(layout, 1, 0, {7});               // a single key
    add_sequence(layout, 1, 299, range(0, 300));   // a long decode
    add_sequence(layout, 5, 14, range(100, 119));  // a chunk across a block border
    add_sequence(layout, 0, 3, range(0, 3));       // nothing to do
    add_sequence(layout, 70, 0, range(200, 270));  // a prompt
    const Inputs in = inputs(s, 77, 300, GetParam());
    expect_close(attention(in.q, in.k, in.v, shared(layout), kScale),
                 reference(doubles(in.q), doubles(in.k), doubles(in.v), layout, s),
                 GetParam() == at::kFloat ? 5e-5 : 1e-2);
  }
}

TEST_P(Attention, GradientsAgreeWithCentralDifferences) {
  for (const Shape& s : {Shape{2, 2, 5, 4}, Shape{4, 2, 6, 17}, Shape{4, 1, 5, 3}}) {
    const AttentionLayout layout = tree_layout(9, {4, 11, 1}, 25, tree_layout(18, {7}));
    const Inputs in = inputs(s, 50, 50, GetParam());
    in.q.requires_grad_(), in.k.requires_grad_(), in.v.requires_grad_();
    const at::Tensor d = shaped({50, s.heads, s.value_dim}, 4, GetParam());
    attention(in.q, in.k, in.v, shared(layout), kScale).backward(d);
    const Doubles q = doubles(in.q), k = doubles(in.k), v = doubles(in.v), dd = doubles(d);
    const double tolerance = GetParam() == at::kFloat ? 2e-4 : 5e-2;
    expect_gradient(
        in.q.grad(), [&](const Doubles& x) { return dot(reference(x, k, v, layout, s), dd); }, q,
        tolerance);
    expect_gradient(
        in.k.grad(), [&](const Doubles& x) { return dot(reference(q, x, v, layout, s), dd); }, k,
        tolerance);
    expect_gradient(
        in.v.grad(), [&](const Doubles& x) { return dot(reference(q, k, x, layout, s), dd); }, v,
        tolerance);
  }
}

// One sequence of 100 tokens after a prompt of 37: in one piece, as rows of training with a shared
// prompt, in chunks of 16, and token by token from a shuffled cache whose later slots hold NaN.
TEST_P(Attention, AQueryHasTheSameBitsInDecodePrefillChunksAndTraining) {
  for (const Shape& s : kShapes) {
    const int64_t total = 137, prompt = 37;
    const Inputs in = inputs(s, total, total, GetParam());
    AttentionLayout whole;
    add_sequence(whole, total, 0, range(0, total));
    const at::Tensor want = attention(in.q, in.k, in.v, shared(whole), kScale);
    const at::Tensor tree =
        attention(in.q, in.k, in.v,
                  shared(tree_layout(prompt, {static_cast<int32_t>(total - prompt)})), kScale);
    EXPECT_TRUE(same_bits(want, tree));

    std::vector<int32_t> slots(total);
    for (int64_t i = 0; i < total; ++i) slots[i] = static_cast<int32_t>((i * 53 + 11) % 149);
    for (const int64_t chunk : {1, 16}) {
      at::Tensor k_cache = at::empty({149, s.kv_heads, s.key_dim}, in.k.options());
      at::Tensor v_cache = at::empty({149, s.kv_heads, s.value_dim}, in.v.options());
      k_cache.fill_(std::numeric_limits<float>::quiet_NaN());
      v_cache.fill_(std::numeric_limits<float>::quiet_NaN());
      for (int64_t begin = 0; begin < total; begin += chunk) {
        const int64_t n = std::min(chunk, total - begin);
        for (int64_t i = begin; i < begin + n; ++i) {
          k_cache[slots[i]].copy_(in.k[i]);
          v_cache[slots[i]].copy_(in.v[i]);
        }
        AttentionLayout step;
        add_sequence(step, n, begin, {slots.begin(), slots.begin() + begin + n});
        const at::Tensor got =
            attention(in.q.narrow(0, begin, n), k_cache, v_cache, shared(step), kScale);
        ASSERT_TRUE(same_bits(got, want.narrow(0, begin, n)))
            << "chunk " << chunk << " at " << begin;
      }
    }
  }
}

// A training batch holds rows of later positions, even rows that are not numbers: they must not
// show.
TEST_P(Attention, LaterRowsDoNotInfluenceAQuery) {
  const Shape s = {4, 2, 20, 24};
  const Inputs in = inputs(s, 61, 61, GetParam());
  AttentionLayout layout;
  add_sequence(layout, 61, 0, range(0, 61));
  const at::Tensor want = attention(in.q, in.k, in.v, shared(layout), kScale);
  in.k.narrow(0, 40, 21).fill_(std::numeric_limits<float>::quiet_NaN());
  in.v.narrow(0, 40, 21).fill_(std::numeric_limits<float>::infinity());
  const at::Tensor got = attention(in.q, in.k, in.v, shared(layout), kScale);
  EXPECT_TRUE(same_bits(got.narrow(0, 0, 40), want.narrow(0, 0, 40)));
}

TEST_P(Attention, ASequenceHasTheSameBitsAloneAndAmongOthersAndWithAnyThreads) {
  const Shape s = {4, 2, 32, 32};
  const int64_t sequences = 40, rows = 600;
  const Inputs in = inputs(s, sequences, rows, GetParam());
  AttentionLayout layout;
  for (int64_t i = 0; i < sequences; ++i) {
    std::vector<int32_t> keys(1 + i * 7);
    for (size_t j = 0; j < keys.size(); ++j) keys[j] = static_cast<int32_t>((i + j * 13) % rows);
    add_sequence(layout, 1, static_cast<int64_t>(keys.size()) - 1, keys);
  }
  const auto [one, two] =
      with_one_and_two_threads([&] { return attention(in.q, in.k, in.v, shared(layout), kScale); });
  EXPECT_TRUE(same_bits(one, two));
  for (const int64_t i : {0, 20, 39}) {
    AttentionLayout alone;
    add_sequence(alone, 1, layout.first_position[i],
                 {layout.key_rows.begin() + layout.key_offsets[i],
                  layout.key_rows.begin() + layout.key_offsets[i + 1]});
    EXPECT_TRUE(same_bits(attention(in.q.narrow(0, i, 1), in.k, in.v, shared(alone), kScale),
                          one.narrow(0, i, 1)));
  }
}

TEST_P(Attention, GradientsOfATreeHaveTheSameBitsAloneAndWithAnyThreads) {
  const Shape s = {4, 2, 24, 40};
  const AttentionLayout first = tree_layout(50, {30, 45, 17});  // 142 rows
  const AttentionLayout both = tree_layout(33, {90, 3}, 142, tree_layout(50, {30, 45, 17}));
  const int64_t rows = 142 + 126;
  const Inputs data = inputs(s, rows, rows, GetParam());
  const at::Tensor d = shaped({rows, s.heads, s.value_dim}, 4, GetParam());
  const auto run = [&](const AttentionLayout& layout, int64_t n) {
    const Inputs in = {data.q.narrow(0, 0, n).clone().requires_grad_(),
                       data.k.narrow(0, 0, n).clone().requires_grad_(),
                       data.v.narrow(0, 0, n).clone().requires_grad_()};
    attention(in.q, in.k, in.v, shared(layout), kScale).backward(d.narrow(0, 0, n));
    return std::vector<at::Tensor>{in.q.grad(), in.k.grad(), in.v.grad()};
  };
  const auto [one, two] = with_one_and_two_threads([&] { return run(both, rows); });
  const std::vector<at::Tensor> alone = run(first, 142);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(same_bits(one[i], two[i])) << i;
    EXPECT_TRUE(same_bits(alone[i], one[i].narrow(0, 0, 142))) << i;
  }
}

// Absorbed MLA: V is the first columns of K, both views of one tensor, whose gradient is the sum of
// the two.
TEST_P(Attention, ValuesMayBeAViewOfTheKeys) {
  const Shape s = {4, 1, 24, 16};
  const AttentionLayout layout = tree_layout(10, {6, 5});
  const Inputs in = inputs(s, 21, 21, GetParam());
  const at::Tensor k = in.k.requires_grad_(), q = in.q.requires_grad_();
  const at::Tensor d = shaped({21, 4, 16}, 4, GetParam());
  attention(q, k, k.narrow(2, 0, 16), shared(layout), kScale).backward(d);
  const Doubles qd = doubles(q), kd = doubles(k), dd = doubles(d);
  const auto loss = [&](const Doubles& x) {
    Doubles v;
    for (int64_t r = 0; r < 21; ++r) v.insert(v.end(), x.begin() + r * 24, x.begin() + r * 24 + 16);
    return dot(reference(qd, x, v, layout, s), dd);
  };
  expect_gradient(k.grad(), loss, kd, GetParam() == at::kFloat ? 2e-4 : 1e-1);
}

TEST(AttentionEdges, StridedRowsAndNoQueries) {
  const Shape s = {2, 2, 24, 16};
  AttentionLayout layout;
  add_sequence(layout, 9, 0, range(0, 9));
  const Inputs in = inputs(s, 9, 9, at::kFloat);
  const at::Tensor wide = at::empty({9, 2, 100}, in.q.options());
  const at::Tensor q = wide.narrow(2, 0, 24), k = wide.narrow(2, 30, 24),
                   v = wide.narrow(2, 60, 16);
  q.copy_(in.q), k.copy_(in.k), v.copy_(in.v);
  EXPECT_TRUE(same_bits(attention(q, k, v, shared(layout), kScale),
                        attention(in.q, in.k, in.v, shared(layout), kScale)));
  AttentionLayout none;
  none.query_offsets = none.key_offsets = {0};
  EXPECT_EQ(attention(in.q.narrow(0, 0, 0), in.k, in.v, shared(none), kScale).size(0), 0);
}

TEST(AttentionErrors, KeyRowsOutOfRangeAndTooFewKeys) {
  const Shape s = {2, 2, 8, 8};
  const Inputs in = inputs(s, 1, 4, at::kFloat);
  for (const std::vector<int32_t>& keys : {std::vector<int32_t>{0, 4}, {0, -1}, {0}}) {
    AttentionLayout layout;
    add_sequence(layout, 1, 1, keys);
    EXPECT_ANY_THROW(attention(in.q, in.k, in.v, shared(layout), kScale));
  }
}

}  // namespace
}  // namespace cohort::kernels
