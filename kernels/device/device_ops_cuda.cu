// The library's table, and the device itself.
#include "kernels/device/cuda_support.cuh"

namespace cohort::kernels::device {

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  throw std::runtime_error(std::string("CUDA: ") + what + ": " + cudaGetErrorString(status));
}

namespace {

int device_count() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  cudaGetLastError();  // not to be met by a later call
  return 0;
}

void use_device(int index) { check(cudaSetDevice(index), "choosing the device"); }

const char* device_name(int index) {
  static cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, index), "asking for the device's name");
  return properties.name;
}

void memory(int64_t* free_bytes, int64_t* total_bytes) {
  size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "asking for free memory");
  *free_bytes = static_cast<int64_t>(free);
  *total_bytes = static_cast<int64_t>(total);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const DeviceOps* cohort_device_ops() {
  static const DeviceOps ops = {.version = kDeviceOpsVersion,
                                .device_count = device_count,
                                .use_device = use_device,
                                .device_name = device_name,
                                .memory = memory,
                                .gemm = gemm,
                                .weight_grad = weight_grad,
                                .fp8_quantize = fp8_quantize,
                                .fp8_gemm = fp8_gemm,
                                .attention = attention,
                                .attention_backward = attention_backward,
                                .rms_norm = rms_norm,
                                .rms_norm_backward = rms_norm_backward,
                                .rms_norm_weight_grad = rms_norm_weight_grad,
                                .rope = rope,
                                .swiglu = swiglu,
                                .route = route,
                                .balance_stats = balance_stats,
                                .route_grad = route_grad,
                                .gate_input_grad = gate_input_grad,
                                .gate_weight_grad = gate_weight_grad,
                                .gather_rows = gather_rows,
                                .sum_rows = sum_rows,
                                .sort_by_expert = sort_by_expert,
                                .expert_borders = expert_borders,
                                .combine_rows = combine_rows,
                                .weigh_rows = weigh_rows,
                                .softmax_rows = softmax_rows,
                                .logprob_grad = logprob_grad,
                                .adamw = adamw,
                                .sums_of_squares = sums_of_squares,
                                .tree_sum = tree_sum};
  return &ops;
}

}  // namespace cohort::kernels::device
