// Part of the device library: compiled where there is a CUDA toolkit.
#include <cuda_runtime.h>
#include <nccl.h>

#include <chrono>
#include <thread>

#include "core/base/error.h"
#include "core/comm/device_communicator.h"

namespace cohort {
namespace {

using Clock = std::chrono::steady_clock;

// Every operation begins with a barrier of the host communicator, which finds missing ranks and
// names them; what is left to NCCL is between ranks that were all there a moment ago. NCCL is
// non-blocking and polled to a deadline.
class NcclCommunicator final : public DeviceCommunicator {
 public:
  NcclCommunicator(Communicator& host, int device) : host_(host) {
    constexpr const char* kWhat = "NCCL start";
    check_cuda(cudaSetDevice(device), kWhat);
    ncclUniqueId id{};
    if (host.rank() == 0) check(ncclGetUniqueId(&id), kWhat);
    host.broadcast({reinterpret_cast<std::byte*>(&id), sizeof(id)}, 0, kWhat);
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    const Clock::time_point start = Clock::now();
    check(ncclCommInitRankConfig(&comm_, host.size(), id, host.rank(), &config), kWhat);
    wait_for_library(kWhat, start);
  }

  ~NcclCommunicator() override {
    // Not ncclCommDestroy, which waits for ranks that may have failed.
    if (comm_ != nullptr) ncclCommAbort(comm_);
  }

  void all_to_all(const void* send, void* receive, size_t part_bytes, const char* what) override {
    run(what, [&] {
      check(ncclGroupStart(), what);
      for (int r = 0; r < host_.size(); ++r) {
        const size_t begin = static_cast<size_t>(r) * part_bytes;
        check(ncclSend(static_cast<const std::byte*>(send) + begin, part_bytes, ncclInt8, r, comm_,
                       kStream),
              what);
        check(ncclRecv(static_cast<std::byte*>(receive) + begin, part_bytes, ncclInt8, r, comm_,
                       kStream),
              what);
      }
      check(ncclGroupEnd(), what);
    });
  }

  void broadcast(void* data, size_t bytes, int root, const char* what) override {
    run(what,
        [&] { check(ncclBroadcast(data, data, bytes, ncclInt8, root, comm_, kStream), what); });
  }

 private:
  static constexpr cudaStream_t kStream = nullptr;  // LibTorch's own

  template <class Operation>
  void run(const char* what, const Operation& operation) {
    COHORT_CHECK(comm_ != nullptr, "{}: NCCL was given up before", what);
    host_.barrier(what);
    const Clock::time_point start = Clock::now();
    operation();
    wait_for_library(what, start);
    wait_for_stream(what, start);
  }

  // Until NCCL has enqueued what it was given.
  void wait_for_library(const char* what, Clock::time_point start) {
    for (ncclResult_t state = ncclInProgress; state == ncclInProgress;) {
      check(ncclCommGetAsyncError(comm_, &state), what);
      check(state, what);
      if (state == ncclInProgress) pause(what, start);
    }
  }

  void wait_for_stream(const char* what, Clock::time_point start) {
    for (cudaError_t state = cudaErrorNotReady; state == cudaErrorNotReady;) {
      state = cudaStreamQuery(kStream);
      if (state != cudaErrorNotReady) check_cuda(state, what);
      ncclResult_t library = ncclSuccess;
      check(ncclCommGetAsyncError(comm_, &library), what);
      check(library, what);
      if (state == cudaErrorNotReady) pause(what, start);
    }
  }

  void pause(const char* what, Clock::time_point start) {
    const double waited = std::chrono::duration<double>(Clock::now() - start).count();
    if (waited > host_.timeout_s()) {
      give_up();
      throw_error<CommError>(
          "{}: NCCL has not finished after {:.0f} s, although all {} ranks began it", what, waited,
          host_.size());
    }
    host_.heartbeat(what);
    std::this_thread::sleep_for(std::chrono::microseconds(waited < 0.01 ? 20 : 500));
  }

  void check(ncclResult_t result, const char* what) {
    if (result == ncclSuccess || result == ncclInProgress) return;
    const std::string reason = ncclGetErrorString(result);
    give_up();
    throw_error<CommError>("{}: NCCL: {}", what, reason);
  }

  void check_cuda(cudaError_t status, const char* what) {
    if (status == cudaSuccess) return;
    give_up();
    throw_error<CommError>("{}: CUDA: {}", what, cudaGetErrorString(status));
  }

  void give_up() {
    if (comm_ != nullptr) ncclCommAbort(comm_);
    comm_ = nullptr;
  }

  Communicator& host_;
  ncclComm_t comm_ = nullptr;
};

}  // namespace

extern "C" __attribute__((visibility("default"))) DeviceCommunicator*
cohort_make_device_communicator(Communicator& host, int device) {
  return new NcclCommunicator(host, device);
}

}  // namespace cohort
