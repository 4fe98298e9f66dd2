#include "tests/support/cuda_on_host.h"

#include <ucontext.h>

#include <memory>
#include <vector>

namespace cuda_on_host {
namespace {

constexpr size_t kStackBytes = 64 << 10;

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack{new char[kStackBytes]};
  bool done = false;
};

std::vector<std::unique_ptr<Fiber>> fibers;
ucontext_t scheduler;
Fiber* current = nullptr;
const std::function<void()>* block_body = nullptr;
bool reversed_order = false;

void fiber_main() {
  (*block_body)();
  current->done = true;
  swapcontext(&current->context, &scheduler);
}

void resume(unsigned thread) {
  current = fibers[thread].get();
  threadIdx = dim3(thread);
  swapcontext(&scheduler, &current->context);
  current = nullptr;
}

}  // namespace

void set_reversed(bool reversed) { reversed_order = reversed; }

void sync_threads() { swapcontext(&current->context, &scheduler); }

void run_block(const std::function<void()>& body, const char* what) {
  const unsigned count = blockDim.x;
  while (fibers.size() < count) fibers.push_back(std::make_unique<Fiber>());
  block_body = &body;
  for (unsigned i = 0; i < count; ++i) {
    Fiber& fiber = *fibers[i];
    fiber.done = false;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = kStackBytes;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, fiber_main, 0);
  }
  for (unsigned num_done = 0; num_done == 0;) {
    for (unsigned i = 0; i < count; ++i) resume(reversed_order ? count - 1 - i : i);
    for (unsigned i = 0; i < count; ++i) num_done += fibers[i]->done;
    if (num_done != 0 && num_done != count)
      throw std::runtime_error(std::string(what) + ": threads of a block part at a barrier");
  }
}

}  // namespace cuda_on_host
