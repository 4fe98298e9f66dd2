// The devices that a test of device code runs on: the kernels' sources compiled for the host,
// always; a GPU where the device library loads.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "kernels/device/device.h"
#include "tests/support/cuda_on_host_order.h"

extern "C" const cohort::kernels::device::DeviceOps* cohort_device_ops();

namespace cohort::testing_support {

// Before the first tensor operation, as device/library.h wants it.
inline const bool library_asked_for = (kernels::device::library(), true);

struct DeviceUnderTest {
  std::string name;
  at::Device device = at::kCPU;
  bool emulated = false;
  at::Tensor put(const at::Tensor& x) const { return x.to(device); }
};

inline DeviceUnderTest cpu() { return {"cpu", at::kCPU, false}; }

inline std::vector<DeviceUnderTest> devices_under_test() {
  std::vector<DeviceUnderTest> devices;
#ifndef __SANITIZE_THREAD__  // which follows no change of stacks
  devices.push_back({"kernels on the host", at::kCPU, true});
#endif
  if (kernels::device::library().ops != nullptr)
    devices.push_back({"cuda", at::Device(at::kCUDA, 0), false});
  return devices;
}

// While it lives, host tensors are taken by the kernels compiled for the host, or by the CPU's.
class OnDevice {
 public:
  explicit OnDevice(const DeviceUnderTest& where) {
    kernels::device::ops_for_host_tensors = where.emulated ? cohort_device_ops() : nullptr;
  }
  ~OnDevice() { kernels::device::ops_for_host_tensors = nullptr; }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;
};

inline void set_thread_order(bool reversed) { cuda_on_host::set_reversed(reversed); }

}  // namespace cohort::testing_support
