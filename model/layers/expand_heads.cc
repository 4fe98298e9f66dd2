#include "model/layers/expand_heads.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/index_copy.h>

#include "core/base/error.h"
#include "kernels/autograd_node.h"
#include "kernels/device/device.h"
#include "kernels/math/scalar.h"
#include "kernels/op_support.h"

namespace cohort {
namespace {

using kernels::for_dtype;
using kernels::in_ptr;
using kernels::out_ptr;

void check_arguments(const at::Tensor& kv, const at::Tensor& k_rope, const HeadShape& s) {
  COHORT_CHECK(kv.dim() == 2 && kv.is_contiguous() && k_rope.is_contiguous() &&
                   kv.size(1) == s.heads * (s.nope + s.value) &&
                   k_rope.numel() == kv.size(0) * s.rope &&
                   k_rope.scalar_type() == kv.scalar_type(),
               "expand_heads: kv is [T, heads * (nope + value)] and k_rope [T, 1, rope]");
}

// Row t of kv and k_rope to row slots[t] (or t) of k and v.
template <class T>
void copy_rows(const T* kv, const T* k_rope, const HeadShape& s, const int32_t* slots,
               int64_t begin, int64_t end, T* k, T* v) {
  const int64_t kv_row = s.heads * (s.nope + s.value);
  const int64_t key = s.nope + s.rope;
  for (int64_t t = begin; t < end; ++t) {
    const int64_t row = slots != nullptr ? slots[t] : t;
    for (int64_t h = 0; h < s.heads; ++h) {
      const T* head = kv + t * kv_row + h * (s.nope + s.value);
      T* k_out = k + (row * s.heads + h) * key;
      std::copy_n(head, s.nope, k_out);
      std::copy_n(k_rope + t * s.rope, s.rope, k_out + s.nope);
      std::copy_n(head + s.nope, s.value, v + (row * s.heads + h) * s.value);
    }
  }
}

void copy_all(const at::Tensor& kv, const at::Tensor& k_rope, const HeadShape& s,
              const int32_t* slots, const at::Tensor& k, const at::Tensor& v) {
  for_dtype(kv.scalar_type(), [&]<class T>() {
    kernels::parallel_items(kv.size(0), kv.size(1), [&](int64_t begin, int64_t end) {
      copy_rows<T>(in_ptr<T>(kv), in_ptr<T>(k_rope), s, slots, begin, end, out_ptr<T>(k),
                   out_ptr<T>(v));
    });
  });
}

// The same with LibTorch's copies, on the device: k and v are whole, rows in order.
void device_copy_all(const at::Tensor& kv, const at::Tensor& k_rope, const HeadShape& s,
                     const at::Tensor& k, const at::Tensor& v) {
  const at::NoGradGuard own_node_only;
  const at::Tensor heads = kv.view({kv.size(0), s.heads, s.nope + s.value});
  k.narrow(2, 0, s.nope).copy_(heads.narrow(2, 0, s.nope));
  k.narrow(2, s.nope, s.rope).copy_(k_rope.view({kv.size(0), 1, s.rope}).expand({-1, s.heads, -1}));
  v.copy_(heads.narrow(2, s.nope, s.value));
}

// dkv takes its parts; dk_rope[t] = sum over heads, in order, of the rope part of dk[t, h], in
// fp32.
template <class T>
void gather_row(const T* dk, const T* dv, const HeadShape& s, T* dkv, T* dk_rope) {
  const int64_t key = s.nope + s.rope;
  for (int64_t h = 0; h < s.heads; ++h) {
    std::copy_n(dk + h * key, s.nope, dkv + h * (s.nope + s.value));
    std::copy_n(dv + h * s.value, s.value, dkv + h * (s.nope + s.value) + s.nope);
  }
  for (int64_t j = 0; j < s.rope; ++j) {
    float sum = 0;
    for (int64_t h = 0; h < s.heads; ++h) sum += kernels::to_float(dk[h * key + s.nope + j]);
    dk_rope[j] = kernels::from_float<T>(sum);
  }
}

// gather_row for all rows, heads added in the same order.
void device_gather(const at::Tensor& dk, const at::Tensor& dv, const HeadShape& s,
                   const at::Tensor& dkv, const at::Tensor& dk_rope) {
  const at::Tensor heads = dkv.view({dkv.size(0), s.heads, s.nope + s.value});
  heads.narrow(2, 0, s.nope).copy_(dk.narrow(2, 0, s.nope));
  heads.narrow(2, s.nope, s.value).copy_(dv);
  at::Tensor sum = at::zeros(dk_rope.sizes(), dk.options().dtype(at::kFloat));
  for (int64_t h = 0; h < s.heads; ++h) sum.add_(dk.narrow(1, h, 1).narrow(2, s.nope, s.rope));
  dk_rope.copy_(sum);
}

struct ExpandHeadsBackward final : torch::autograd::Node {
  HeadShape shape{};
  int64_t rows = 0;
  at::TensorOptions options;

  kernels::variable_list apply(kernels::variable_list&& grads) override {
    const HeadShape& s = shape;
    const int64_t key = s.nope + s.rope;
    const auto dense = [&](const at::Tensor& grad, int64_t width) {
      return grad.defined() ? grad.contiguous() : at::zeros({rows, s.heads, width}, options);
    };
    const at::Tensor dk = dense(grads[0], key);
    const at::Tensor dv = dense(grads[1], s.value);
    at::Tensor dkv = at::empty({rows, s.heads * (s.nope + s.value)}, options);
    at::Tensor dk_rope = at::empty({rows, 1, s.rope}, options);
    if (kernels::device_ops(dkv) != nullptr) {
      device_gather(dk, dv, s, dkv, dk_rope);
      return {dkv, dk_rope};
    }
    for_dtype(dkv.scalar_type(), [&]<class T>() {
      kernels::parallel_items(rows, dkv.size(1), [&](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; ++t)
          gather_row<T>(in_ptr<T>(dk) + t * s.heads * key, in_ptr<T>(dv) + t * s.heads * s.value, s,
                        out_ptr<T>(dkv) + t * dkv.size(1), out_ptr<T>(dk_rope) + t * s.rope);
      });
    });
    return {dkv, dk_rope};
  }
};

}  // namespace

KeysValues expand_heads(const at::Tensor& kv, const at::Tensor& k_rope, const HeadShape& shape) {
  check_arguments(kv, k_rope, shape);
  const int64_t rows = kv.size(0);
  KeysValues out = {at::empty({rows, shape.heads, shape.nope + shape.rope}, kv.options()),
                    at::empty({rows, shape.heads, shape.value}, kv.options())};
  if (kernels::device_ops(kv) != nullptr) {
    device_copy_all(kv, k_rope, shape, out.k, out.v);
  } else {
    copy_all(kv, k_rope, shape, nullptr, out.k, out.v);
  }
  if (kernels::takes_gradient(kv) || kernels::takes_gradient(k_rope)) {
    auto node = kernels::make_node<ExpandHeadsBackward>(kv, k_rope);
    node->shape = shape;
    node->rows = rows;
    node->options = kv.options();
    kernels::set_output(out.k, node);
    kernels::set_output(out.v, node);
  }
  return out;
}

void expand_heads_into(const at::Tensor& kv, const at::Tensor& k_rope, const HeadShape& shape,
                       const at::Tensor& slots, const at::Tensor& k, const at::Tensor& v) {
  check_arguments(kv, k_rope, shape);
  COHORT_CHECK(slots.scalar_type() == at::kInt && slots.is_contiguous() &&
                   slots.numel() == kv.size(0) && k.is_contiguous() && v.is_contiguous() &&
                   k.scalar_type() == kv.scalar_type(),
               "expand_heads_into: one int32 slot a row, caches of kv's dtype");
  const auto* slot = in_ptr<int32_t>(slots);
  for (int64_t t = 0; t < kv.size(0); ++t)
    COHORT_CHECK(slot[t] >= 0 && slot[t] < k.size(0), "slot {} of {}", slot[t], k.size(0));
  if (kernels::device_ops(kv) != nullptr) {
    const KeysValues rows = expand_heads(kv, k_rope, shape);
    const at::Tensor places = kernels::device::upload_as_long(slots, k);
    at::Tensor keys = k, values = v;
    keys.index_copy_(0, places, rows.k);
    values.index_copy_(0, places, rows.v);
    return;
  }
  copy_all(kv, k_rope, shape, slot, k, v);
}

}  // namespace cohort
