// Moves device memory between ranks: by NCCL where every rank has a GPU of its own, else (ranks
// that share one) through host memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "core/comm/communicator.h"

namespace cohort {

class DeviceExchange {
 public:
  virtual ~DeviceExchange() = default;
  // send and receive [ranks, ...], contiguous: row r goes to rank r, row r comes from rank r.
  virtual void all_to_all(const at::Tensor& send, const at::Tensor& receive, const char* what) = 0;
  // data is contiguous.
  virtual void broadcast(const at::Tensor& data, int root, const char* what) = 0;
};

// For tensors in the memory of `like`. All ranks call it.
std::unique_ptr<DeviceExchange> make_device_exchange(Communicator& comm, const at::Tensor& like);

}  // namespace cohort
