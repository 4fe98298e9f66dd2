#include "kernels/rows/rows_device.h"

namespace cohort::kernels {

void device_gather_rows(const device::DeviceOps& ops, const at::Tensor& x,
                        std::span<const int32_t> index, const at::Tensor& out) {
  device_gather_rows(ops, x, device::in_as<int32_t>(device::upload(index, x)), out);
}

void device_gather_rows(const device::DeviceOps& ops, const at::Tensor& x, const int32_t* index,
                        const at::Tensor& out) {
  ops.gather_rows({.element = device::element_of(x),
                   .rows = out.size(0),
                   .dim = x.size(1),
                   .in = device::in(x),
                   .in_row = x.stride(0),
                   .index = index,
                   .out = device::out(out)});
}

void device_sum_rows(const device::DeviceOps& ops, const at::Tensor& x, const RowSums& sums,
                     bool add, void* out) {
  std::vector<int64_t> all = sums.target;
  all.insert(all.end(), sums.offsets.begin(), sums.offsets.end());
  all.insert(all.end(), sums.source.begin(), sums.source.end());
  const at::Tensor uploaded = device::upload(std::span<const int64_t>(all), x);
  const int64_t* target = device::in_as<int64_t>(uploaded);
  const int64_t* offsets = target + sums.target.size();
  ops.sum_rows({.element = device::element_of(x),
                .count = static_cast<int64_t>(sums.target.size()),
                .dim = x.size(1),
                .in = device::in(x),
                .target = target,
                .offsets = offsets,
                .source = offsets + sums.offsets.size(),
                .out = out,
                .add = add});
}

}  // namespace cohort::kernels
