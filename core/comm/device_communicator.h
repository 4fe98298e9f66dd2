// Collectives on device memory, between ranks that have a GPU each. Made by the device library
// (nccl_communicator.cc), so that this program links no NCCL. Only data moves: sums are the
// caller's, in the order that it promises.
#pragma once

#include <cstddef>

#include "core/comm/communicator.h"

namespace cohort {

class DeviceCommunicator {
 public:
  virtual ~DeviceCommunicator() = default;
  // Pointers are device memory. Each call waits for what was launched before it, and is done when
  // it returns. A rank that is missing, or an operation that takes longer than the host
  // communicator's timeout, is a CommError that names the operation.
  virtual void all_to_all(const void* send, void* receive, size_t part_bytes, const char* what) = 0;
  virtual void broadcast(void* data, size_t bytes, int root, const char* what) = 0;
};

// In the device library, by name for dlsym. The ids of NCCL travel over `host`, which must outlive
// the result; `device` is this rank's GPU, which no other rank has. All ranks call it.
inline constexpr const char* kMakeDeviceCommunicatorSymbol = "cohort_make_device_communicator";
using MakeDeviceCommunicator = DeviceCommunicator*(Communicator& host, int device);

}  // namespace cohort
