// Sets all weights of a store, range by range, so that beside them nothing of their size is in
// memory but the masters that are asked for.
#pragma once

#include <functional>
#include <span>

#include "model/parameter_store.h"

namespace cohort {

class WeightFiller {
 public:
  // So many values at once, where the caller may choose: a multiple of every quantised block.
  static constexpr int64_t kPiece = int64_t{1} << 22;

  // `masters_f32`, when not null, becomes the fp32 values in flat order, in host memory: where the
  // store holds just these, its own buffer. It is complete when every range is filled.
  WeightFiller(ParameterStore& store, at::Tensor* masters_f32);
  // The weights count as written: packed forms are rebuilt at next use.
  ~WeightFiller() { store_.touch(); }
  WeightFiller(const WeightFiller&) = delete;
  WeightFiller& operator=(const WeightFiller&) = delete;

  // `make` writes the values of elements [offset, offset + numel) of the flat buffer; they are
  // rounded to the store's dtype.
  void fill(int64_t offset, int64_t numel, const std::function<void(std::span<float>)>& make);

  // The same for values that are bf16 already: allowed if nobody wants them in fp32.
  bool takes_bf16() const { return !masters_.defined() && store_.dtype() == at::kBFloat16; }
  void fill_bf16(int64_t offset, int64_t numel,
                 const std::function<void(std::span<uint16_t>)>& make);

 private:
  at::Tensor scratch(int64_t numel, at::ScalarType dtype);

  ParameterStore& store_;
  at::Tensor masters_;  // fp32 [numel]; undefined: not wanted
  at::Tensor scratch_;  // bytes
};

}  // namespace cohort
