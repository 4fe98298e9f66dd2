#include "model/host_memory.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "core/base/error.h"

namespace cohort {

at::Tensor zeros_in_host_memory(int64_t numel, at::ScalarType dtype) {
  constexpr size_t kHugePage = size_t{2} << 20;
  const size_t bytes = static_cast<size_t>(numel) * at::elementSize(dtype);
  if (bytes < 4 * kHugePage) return at::zeros({numel}, dtype);
  const size_t mapped = (bytes + kHugePage - 1) / kHugePage * kHugePage;
  // Room for a begin that is a multiple of the page.
  void* const all = ::mmap(nullptr, mapped + kHugePage, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED)
    throw_error<IoError>("weights of {} bytes: {}", bytes, std::strerror(errno));
  auto* const first = static_cast<std::byte*>(all);
  const size_t before = (kHugePage - reinterpret_cast<uintptr_t>(all) % kHugePage) % kHugePage;
  ::madvise(first + before, mapped, MADV_HUGEPAGE);  // fails where there are none, and may
  return at::from_blob(
      first + before, {numel}, [all, mapped](void*) { ::munmap(all, mapped + kHugePage); },
      at::TensorOptions(dtype));
}

}  // namespace cohort
