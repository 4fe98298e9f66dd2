#include "kernels/device/device.h"

#include <ATen/ops/from_blob.h>

#include <atomic>
#include <mutex>
#include <string_view>
#include <unordered_map>

namespace cohort::kernels::device {
namespace {

// A pass uploads a few tables a layer, most of them the same ones. Past these bounds all are
// forgotten at once: they are uploaded again where they still matter.
constexpr size_t kMostKept = 4096;
constexpr size_t kMostBytes = size_t{64} << 20;

struct Kept {
  std::vector<char> bytes;
  at::ScalarType type;
  at::Tensor tensor;
};

class Uploads {
 public:
  template <class T>
  at::Tensor get(std::span<const T> values, at::ScalarType type, const at::Tensor& like) {
    const std::string_view bytes(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    const std::lock_guard lock(mutex_);
    const size_t key = std::hash<std::string_view>()(bytes);
    const auto known = kept_.find(key);
    if (known != kept_.end() && known->second.type == type &&
        known->second.tensor.device() == like.device() &&
        bytes == std::string_view(known->second.bytes.data(), known->second.bytes.size()))
      return known->second.tensor;
    const at::Tensor tensor = copy(values, type, like);
    if (kept_.size() >= kMostKept || bytes_ + bytes.size() > kMostBytes) {
      kept_.clear();
      bytes_ = 0;
    }
    if (bytes.size() <= kMostBytes &&
        kept_.insert_or_assign(key, Kept{{bytes.begin(), bytes.end()}, type, tensor}).second)
      bytes_ += bytes.size();
    return tensor;
  }

  template <class T>
  at::Tensor copy(std::span<const T> values, at::ScalarType type, const at::Tensor& like) {
    ++count_;
    const at::Tensor view =
        at::from_blob(const_cast<T*>(values.data()), {static_cast<int64_t>(values.size())}, type);
    // CUDA has read host memory that is not pinned when it comes back, and waits for no kernel.
    return like.device().is_cpu() ? view.clone() : view.to(like.device(), /*non_blocking=*/true);
  }

  int64_t count() const { return count_; }

 private:
  std::mutex mutex_;  // a backward pass runs on a thread of its own
  std::unordered_map<size_t, Kept> kept_;
  size_t bytes_ = 0;
  std::atomic<int64_t> count_ = 0;
};

// Never destroyed: at exit the device may be gone before it.
Uploads& uploads() {
  static Uploads& all = *new Uploads;
  return all;
}

}  // namespace

at::Tensor upload(std::span<const int64_t> values, const at::Tensor& like) {
  return uploads().get(values, at::kLong, like);
}
at::Tensor upload(std::span<const int32_t> values, const at::Tensor& like) {
  return uploads().get(values, at::kInt, like);
}
at::Tensor upload(std::span<const float> values, const at::Tensor& like) {
  return uploads().get(values, at::kFloat, like);
}

at::Tensor upload_as_long(const at::Tensor& values, const at::Tensor& like) {
  const int32_t* first = values.const_data_ptr<int32_t>();
  return upload(std::span<const int64_t>(std::vector<int64_t>(first, first + values.numel())),
                like);
}

at::Tensor upload_new(std::span<const int64_t> values, const at::Tensor& like) {
  return uploads().copy(values, at::kLong, like);
}
at::Tensor upload_new(std::span<const int32_t> values, const at::Tensor& like) {
  return uploads().copy(values, at::kInt, like);
}

int64_t num_uploads() { return uploads().count(); }

}  // namespace cohort::kernels::device
