#include "trainer/device_exchange.h"

#include <dlfcn.h>
#include <unistd.h>

#include <set>

#include "core/base/error.h"
#include "core/comm/device_communicator.h"
#include "kernels/device/library.h"

namespace cohort {
namespace {

std::span<std::byte> bytes_of(const at::Tensor& x) {
  return {static_cast<std::byte*>(x.data_ptr()), x.nbytes()};
}

class StagedExchange final : public DeviceExchange {
 public:
  explicit StagedExchange(Communicator& comm) : comm_(comm) {}

  void all_to_all(const at::Tensor& send, const at::Tensor& receive, const char* what) override {
    const at::Tensor sent = send.cpu();
    const at::Tensor received = at::empty(sent.sizes(), sent.options());
    comm_.all_to_all(bytes_of(sent), bytes_of(received), what);
    receive.copy_(received);
  }

  void broadcast(const at::Tensor& data, int root, const char* what) override {
    const at::Tensor staged = data.cpu();
    comm_.broadcast(bytes_of(staged), root, what);
    if (comm_.rank() != root) data.copy_(staged);
  }

 private:
  Communicator& comm_;
};

class NcclExchange final : public DeviceExchange {
 public:
  explicit NcclExchange(DeviceCommunicator* nccl) : nccl_(nccl) {}

  void all_to_all(const at::Tensor& send, const at::Tensor& receive, const char* what) override {
    nccl_->all_to_all(send.data_ptr(), receive.data_ptr(), send.nbytes() / send.size(0), what);
  }
  void broadcast(const at::Tensor& data, int root, const char* what) override {
    nccl_->broadcast(data.data_ptr(), data.nbytes(), root, what);
  }

 private:
  std::unique_ptr<DeviceCommunicator> nccl_;
};

// Whether no two ranks have the same GPU of the same machine.
bool has_own_device(Communicator& comm, const at::Tensor& like) {
  constexpr size_t kNameBytes = 256;
  struct Place {
    char host[kNameBytes];
    int64_t device;
  };
  Place mine{};
  gethostname(mine.host, sizeof(mine.host) - 1);
  mine.device = like.device().index();
  std::vector<Place> all(static_cast<size_t>(comm.size()));
  comm.all_gather(std::as_bytes(std::span(&mine, 1)), std::as_writable_bytes(std::span(all)),
                  "devices of ranks");
  std::set<std::pair<std::string, int64_t>> places;
  for (const Place& place : all) places.emplace(place.host, place.device);
  return places.size() == all.size();
}

}  // namespace

std::unique_ptr<DeviceExchange> make_device_exchange(Communicator& comm, const at::Tensor& like) {
  const bool separate = has_own_device(comm, like);
  if (!like.device().is_cuda() || comm.size() == 1 || !separate)
    return std::make_unique<StagedExchange>(comm);
  const auto make = reinterpret_cast<MakeDeviceCommunicator*>(
      dlsym(kernels::device::library().handle, kMakeDeviceCommunicatorSymbol));
  COHORT_CHECK(make != nullptr, "the device library has no {}", kMakeDeviceCommunicatorSymbol);
  return std::make_unique<NcclExchange>(make(comm, like.device().index()));
}

}  // namespace cohort
