#include "kernels/device/library.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

namespace cohort::kernels::device {
namespace {

std::string library_path() {
  if (const char* path = std::getenv("COHORT_CUDA_LIBRARY")) return path;
  char program[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", program, sizeof(program));
  const std::string path(program, length > 0 ? static_cast<size_t>(length) : 0);
  return path.substr(0, path.rfind('/') + 1) + "libcohort_cuda.so";
}

std::string last_error() {
  const char* text = dlerror();
  return text != nullptr ? text : "no reason given";
}

Library load() {
  Library found;
  const std::string path = library_path();
  if (access(path.c_str(), R_OK) != 0) {
    found.missing =
        fmt::format("{} is not there (cmake --preset cuda builds it, docs/gpu.md)", path);
    return found;
  }
  if (dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    found.missing = "there is no NVIDIA driver here (" + last_error() + ")";
    return found;
  }
  // Its kernels for device tensors enter LibTorch's dispatcher as it is loaded.
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    found.missing = "LibTorch's CUDA libraries are not installed (" + last_error() +
                    "); ./launch/setup --cuda installs them";
    return found;
  }
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    found.missing = "the device library cannot be loaded (" + last_error() + ")";
    return found;
  }
  const auto entry = reinterpret_cast<DeviceOpsEntry*>(dlsym(handle, kDeviceOpsSymbol));
  if (entry == nullptr || entry()->version != kDeviceOpsVersion) {
    found.missing = path + " is of another version of this program: build both again";
    return found;
  }
  if (entry()->device_count() == 0) {
    found.missing = "the driver finds no GPU";
    return found;
  }
  found.handle = handle;
  found.ops = entry();
  return found;
}

}  // namespace

const Library& library() {
  static const Library loaded = load();
  return loaded;
}

}  // namespace cohort::kernels::device
