#include "model/compute_device.h"

#include <cstdlib>

#include "core/base/error.h"
#include "kernels/device/library.h"
#include "kernels/device/roofline.h"

namespace cohort {
namespace {

at::Device chosen = at::kCPU;

// Of the ranks on this machine, as launchers tell it.
int local_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"})
    if (const char* text = std::getenv(name)) return std::atoi(text);
  return 0;
}

}  // namespace

void choose_device(const std::string& name) {
  COHORT_CHECK(name == "auto" || name == "cpu" || name == "cuda", "no device {}", name);
  chosen = at::kCPU;
  if (name == "cpu") return;
  const kernels::device::Library& library = kernels::device::library();
  if (library.ops == nullptr) {
    if (name == "auto") return;
    throw_error<ConfigError>("run.device = cuda: {}", library.missing);
  }
  const int index = local_rank() % library.ops->device_count();
  library.ops->use_device(index);
  chosen = at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
}

at::Device compute_device() { return chosen; }

std::string describe_device() {
  if (chosen.is_cpu()) {
    const kernels::device::Library& library = kernels::device::library();
    return library.ops == nullptr ? "cpu (cuda: " + library.missing + ")" : "cpu";
  }
  const kernels::device::DeviceOps& ops = *kernels::device::library().ops;
  int64_t free = 0, total = 0;
  ops.memory(&free, &total);
  return fmt::format("{} ({}, {} GiB, {} free)", chosen.str(), ops.device_name(chosen.index()),
                     total >> 30, free >> 30);
}

std::string describe_peaks() {
  const kernels::Roofline roof = chosen.is_cpu()
                                     ? kernels::measure_roofline(chosen, 2048, 256 << 20)
                                     : kernels::measure_roofline(chosen);
  return fmt::format("{:.1f} TFLOP/s bf16, {:.1f} fp32, {:.0f} GB/s", roof.bf16_flops / 1e12,
                     roof.fp32_flops / 1e12, roof.bytes / 1e9);
}

}  // namespace cohort
