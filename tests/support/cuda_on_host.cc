#include "tests/support/cuda_on_host.h"

#include <setjmp.h>
#include <ucontext.h>

#include <memory>
#include <vector>

namespace cuda_on_host {
namespace {

constexpr size_t kStackBytes = 128 << 10;

// Changes over between the scheduler and a fiber. Stacks are made by makecontext; from then on
// _setjmp and _longjmp change over, which unlike swapcontext ask nothing of the system, ten times
// faster. AddressSanitizer follows swapcontext alone.
struct Place {
  ucontext_t context;
  jmp_buf jump;
  bool started = false;
};

void change_over(Place& from, Place& to) {
#ifdef __SANITIZE_ADDRESS__
  swapcontext(&from.context, &to.context);
#else
  from.started = true;
  if (_setjmp(from.jump) != 0) return;
  if (to.started) _longjmp(to.jump, 1);
  setcontext(&to.context);
#endif
}

// A thread of a block, kept for the blocks after it.
struct Fiber {
  Place place;
  std::unique_ptr<char[]> stack{new char[kStackBytes]};
  bool done = false;
};

std::vector<std::unique_ptr<Fiber>> fibers;
Place scheduler;
Fiber* current = nullptr;
const std::function<void()>* block_body = nullptr;
bool reversed_order = false;

void leave() { change_over(current->place, scheduler); }

void fiber_main() {
  for (;;) {
    (*block_body)();
    current->done = true;
    leave();
  }
}

void add_fiber() {
  Fiber& fiber = *fibers.emplace_back(std::make_unique<Fiber>());
  getcontext(&fiber.place.context);
  fiber.place.context.uc_stack.ss_sp = fiber.stack.get();
  fiber.place.context.uc_stack.ss_size = kStackBytes;
  fiber.place.context.uc_link = nullptr;
  makecontext(&fiber.place.context, fiber_main, 0);
}

void resume(unsigned thread) {
  current = fibers[thread].get();
  threadIdx = dim3(thread);
  change_over(scheduler, current->place);
}

}  // namespace

void set_reversed(bool reversed) { reversed_order = reversed; }

void sync_threads() { leave(); }

void run_block(const std::function<void()>& body, const char* what) {
  const unsigned count = blockDim.x;
  while (fibers.size() < count) add_fiber();
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
