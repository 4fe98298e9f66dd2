// Counts the memory allocations of a program that is started with this library in LD_PRELOAD: every
// malloc, calloc, realloc and aligned allocation of any library, LibTorch's tensors and C++'s `new`
// among them. A program that is started without it pays nothing.
#include "launch/allocation_counter.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>

namespace {
std::atomic<uint64_t> allocations{0};
void count() { allocations.fetch_add(1, std::memory_order_relaxed); }
}  // namespace

// glibc's own, under the names that stay when `malloc` is replaced.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t number, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

uint64_t cohort_allocation_count() { return allocations.load(std::memory_order_relaxed); }

void* malloc(size_t size) {
  count();
  return __libc_malloc(size);
}
void* calloc(size_t number, size_t size) {
  count();
  return __libc_calloc(number, size);
}
void* realloc(void* old, size_t size) {
  count();
  return __libc_realloc(old, size);
}
void* memalign(size_t alignment, size_t size) {
  count();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** result, size_t alignment, size_t size) {
  void* const memory = memalign(alignment, size);
  if (memory == nullptr) return ENOMEM;
  *result = memory;
  return 0;
}
}
