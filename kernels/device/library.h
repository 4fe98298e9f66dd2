// The device library, libcohort_cuda.so: everything that needs CUDA. The program links none of it;
// it is loaded when a run asks for a device, from beside the program (or $COHORT_CUDA_LIBRARY).
#pragma once

#include <string>

#include "kernels/device/device_ops.h"

namespace cohort::kernels::device {

struct Library {
  const DeviceOps* ops = nullptr;  // null: `missing` says in one line what is not there
  std::string missing;
  void* handle = nullptr;  // for dlsym
};

// Tries once, on first use, which must come before the first tensor operation: LibTorch asks only
// once whether it has CUDA.
const Library& library();

}  // namespace cohort::kernels::device
