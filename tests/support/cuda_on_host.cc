#include "tests/support/cuda_on_host.h"

#include <setjmp.h>
#include <ucontext.h>

#include <memory>
#include <vector>

namespace cuda_on_host {
namespace {

constexpr size_t kStackBytes = 64 << 10;

// A thread of a block, kept for the blocks after it. Its stack is made by makecontext; from then on
// _setjmp and _longjmp change over, which unlike swapcontext ask nothing of the system.
struct Fiber {
  jmp_buf here;
  std::unique_ptr<char[]> stack{new char[kStackBytes]};
  bool started = false;
  bool done = false;
};

std::vector<std::unique_ptr<Fiber>> fibers;
jmp_buf scheduler;
Fiber* current = nullptr;
const std::function<void()>* block_body = nullptr;
bool reversed_order = false;

void leave() {
  if (_setjmp(current->here) == 0) _longjmp(scheduler, 1);
}

void fiber_main() {
  for (;;) {
    (*block_body)();
    current->done = true;
    leave();
  }
}

void start(Fiber& fiber) {
  fiber.started = true;
  ucontext_t context;
  getcontext(&context);
  context.uc_stack.ss_sp = fiber.stack.get();
  context.uc_stack.ss_size = kStackBytes;
  context.uc_link = nullptr;
  makecontext(&context, fiber_main, 0);
  setcontext(&context);
}

void resume(unsigned thread) {
  current = fibers[thread].get();
  threadIdx = dim3(thread);
  if (_setjmp(scheduler) != 0) return;
  if (current->started) _longjmp(current->here, 1);
  start(*current);
}

}  // namespace

void set_reversed(bool reversed) { reversed_order = reversed; }

void sync_threads() { leave(); }

void run_block(const std::function<void()>& body, const char* what) {
  const unsigned count = blockDim.x;
  while (fibers.size() < count) fibers.push_back(std::make_unique<Fiber>());
  block_body = &body;
  for (unsigned i = 0; i < count; ++i) fibers[i]->done = false;
  for (unsigned num_done = 0; num_done == 0;) {
    for (unsigned i = 0; i < count; ++i) resume(reversed_order ? count - 1 - i : i);
    for (unsigned i = 0; i < count; ++i) num_done += fibers[i]->done;
    if (num_done != 0 && num_done != count)
      throw std::runtime_error(std::string(what) + ": threads of a block part at a barrier");
  }
}

}  // namespace cuda_on_host
