// A linear map for each head, whose weights are a range of rows of each head's block in one
// projection: the two halves of W_kvb that absorbed MLA multiplies queries and contexts by
// (weight absorption):
//   up:    y[t, h] = W_h x[t, h, :in]       W_h [rows, latent],  in = latent, out = rows
//   down:  y[t, h] = W_h^T x[t, h, :in]                          in = rows,   out = latent
// What follows x[t, h, :in] is passed on behind the result.
#pragma once

#include <memory>

#include "kernels/param.h"

namespace cohort {

enum class HeadMap { up, down };

// Rows [first, first + rows) of every head's block of `source` [heads * block, latent]; packed on
// its own, so copied when source's version has moved.
class HeadWeights {
 public:
  HeadWeights(const kernels::Param& source, int64_t heads, int64_t first, int64_t rows);

  const kernels::Param& current();  // [heads, rows, latent]
  bool trainable() const { return source_.trainable(); }
  // Adds grad [S, heads, rows, latent] into source's.
  void add_gradient(const at::Tensor& grad) const;

 private:
  at::Tensor slice(const at::Tensor& blocks) const;  // [..., heads * block, latent]

  const kernels::Param& source_;
  int64_t heads_, first_, rows_;
  kernels::Param copy_;
};

// x [T, heads, in + rest] contiguous; result [T, heads, out + rest]. Takes part in autograd.
at::Tensor head_linear(const at::Tensor& x, const std::shared_ptr<HeadWeights>& w, HeadMap map,
                       const kernels::RowShards& shards);

}  // namespace cohort
