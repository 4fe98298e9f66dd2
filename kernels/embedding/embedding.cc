#include "kernels/embedding/embedding.h"

#include <map>

#include "kernels/autograd_node.h"
#include "kernels/math/scalar.h"
#include "kernels/memory/step_memory.h"
#include "kernels/op_support.h"
#include "kernels/rows/rows_device.h"

namespace cohort::kernels {
namespace {

// Rows [begin, end) of a batch by token, each token's in order.
RowSums rows_by_token(const int32_t* ids, int64_t begin, int64_t end) {
  std::map<int32_t, std::vector<int64_t>> rows;
  for (int64_t r = begin; r < end; ++r) rows[ids[r]].push_back(r);
  RowSums sums;
  sums.offsets.push_back(0);
  for (const auto& [id, of_token] : rows) {
    sums.target.push_back(id);
    sums.source.insert(sums.source.end(), of_token.begin(), of_token.end());
    sums.offsets.push_back(static_cast<int64_t>(sums.source.size()));
  }
  return sums;
}

struct EmbeddingBackward final : torch::autograd::Node {
  at::Tensor tokens;
  const Param* w = nullptr;
  RowShards shards;

  // Threads take columns, so that a token's rows are added in order.
  variable_list apply(variable_list&& grads) override {
    if (!grads[0].defined()) return {};
    const at::Tensor dy = grads[0].contiguous();
    const int64_t rows = dy.size(0), dim = dy.size(1);
    COHORT_CHECK(shards && w->grad.size(0) + 1 == static_cast<int64_t>(shards->size()) &&
                     shards->back() == rows,
                 "embedding: the row shards do not match w.grad or the rows");
    const int32_t* ids = in_ptr<int32_t>(tokens);
    if (const auto* ops = device_ops(dy)) {
      for (size_t s = 0; s + 1 < shards->size(); ++s) {
        float* grad = device::out_as<float>(w->grad) + static_cast<int64_t>(s) * w->grad.stride(0);
        device_sum_rows(*ops, dy, rows_by_token(ids, (*shards)[s], (*shards)[s + 1]), /*add=*/true,
                        grad);
      }
      return {};
    }
    for_dtype(dy.scalar_type(), [&]<class T>() {
      parallel_items(column_chunks(dim), rows * kColumnChunk, [&](int64_t first, int64_t last) {
        const int64_t begin = first * kColumnChunk, end = std::min(last * kColumnChunk, dim);
        for (size_t s = 0; s + 1 < shards->size(); ++s) {
          float* grad = out_ptr<float>(w->grad) + static_cast<int64_t>(s) * w->grad.stride(0);
          for (int64_t r = (*shards)[s]; r < (*shards)[s + 1]; ++r) {
            const T* d = in_ptr<T>(dy) + r * dim;
            float* g = grad + ids[r] * dim;
            for (int64_t c = begin; c < end; ++c) g[c] += to_float(d[c]);
          }
        }
      });
    });
    return {};
  }
};

}  // namespace

at::Tensor embedding(const at::Tensor& tokens, const Param& w, const RowShards& shards) {
  COHORT_CHECK(tokens.dim() == 1 && tokens.scalar_type() == at::kInt && tokens.is_contiguous(),
               "embedding: tokens are int32 [T]");
  const int64_t rows = tokens.size(0), vocab = w.data.size(0), dim = w.data.size(1);
  const int32_t* ids = in_ptr<int32_t>(tokens);
  for (int64_t r = 0; r < rows; ++r) {
    COHORT_CHECK(ids[r] >= 0 && ids[r] < vocab, "token id {} outside the vocabulary of {}", ids[r],
                 vocab);
  }
  at::Tensor y = result({rows, dim}, w.data.options());
  if (const auto* ops = device_ops(w.data)) {
    device_gather_rows(*ops, w.data, std::span(ids, static_cast<size_t>(rows)), y);
  } else {
    const int64_t row_bytes = dim * static_cast<int64_t>(w.data.element_size());
    parallel_items(rows, dim, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        std::memcpy(out_ptr<char>(y) + r * row_bytes, in_ptr<char>(w.data) + ids[r] * row_bytes,
                    row_bytes);
      }
    });
  }
  if (w.trainable() && at::GradMode::is_enabled()) {
    auto node = make_node<EmbeddingBackward>();
    node->tokens = tokens;
    node->w = &w;
    node->shards = shards;
    set_output(y, node);
  }
  return y;
}

}  // namespace cohort::kernels
