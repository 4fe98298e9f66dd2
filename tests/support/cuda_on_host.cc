#include "tests/support/cuda_on_host.h"

#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
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

enum class State { kReady, kAtBlockBarrier, kAtWarpBarrier, kDone };

struct Copy {
  void* to;
  const void* from;
  int bytes, group;
};

// A thread of a block, kept for the blocks after it.
struct Fiber {
  Place place;
  std::unique_ptr<char[]> stack{new char[kStackBytes]};
  State state = State::kReady;
  unsigned letters_sent = 0;
  std::vector<Copy> copies;  // that have not landed
  int copy_groups = 0;
};

std::vector<std::unique_ptr<Fiber>> fibers;
// By thread, a lane's letter to its warp and its call's name. There are two of each: while some of
// the warp read one, others may already write the next.
std::vector<Letter> letters[2];
std::vector<const char*> calls[2];
Place scheduler;
Fiber* current = nullptr;
const std::function<void()>* block_body = nullptr;
bool reversed_order = false;

const char* fault = nullptr;

void leave(State state) {
  current->state = state;
  change_over(current->place, scheduler);
}

void land(const Copy& copy) {
  std::memcpy(copy.to, copy.from, copy.bytes);
  std::memset(static_cast<char*>(copy.to) + copy.bytes, 0, 16 - copy.bytes);
}

void fiber_main() {
  for (;;) {
    (*block_body)();
    leave(State::kDone);
  }
}

void add_fiber() {
  Fiber& fiber = *fibers.emplace_back(std::make_unique<Fiber>());
  getcontext(&fiber.place.context);
  fiber.place.context.uc_stack.ss_sp = fiber.stack.get();
  fiber.place.context.uc_stack.ss_size = kStackBytes;
  fiber.place.context.uc_link = nullptr;
  makecontext(&fiber.place.context, fiber_main, 0);
  for (int i = 0; i < 2; ++i) {
    letters[i].resize(fibers.size());
    calls[i].resize(fibers.size());
  }
}

void resume(unsigned thread) {
  current = fibers[thread].get();
  threadIdx = dim3(thread);
  change_over(scheduler, current->place);
}

constexpr unsigned kWarp = 32;

bool all_in(State state, unsigned begin, unsigned end) {
  for (unsigned i = begin; i < end; ++i)
    if (fibers[i]->state != state) return false;
  return true;
}

// Runs the fibers of a warp until each is at the block's barrier or done.
void run_warp(unsigned begin, unsigned end) {
  for (;;) {
    for (unsigned i = begin; i < end; ++i) {
      const unsigned thread = reversed_order ? begin + end - 1 - i : i;
      if (fibers[thread]->state == State::kReady) resume(thread);
    }
    if (!all_in(State::kAtWarpBarrier, begin, end)) return;
    for (unsigned i = begin; i < end; ++i) fibers[i]->state = State::kReady;
  }
}

}  // namespace

void set_reversed(bool reversed) { reversed_order = reversed; }

void sync_threads() { leave(State::kAtBlockBarrier); }

const Letter* exchange(const char* call, const Letter& mine) {
  const unsigned first = threadIdx.x / kWarp * kWarp, which = ++current->letters_sent % 2;
  letters[which][threadIdx.x] = mine;
  calls[which][threadIdx.x] = call;
  leave(State::kAtWarpBarrier);
  if (calls[which][first] != call) fault = "lanes of a warp meet in different calls";
  return &letters[which][first];
}

void copy_16_async(void* shared, const void* global, int bytes) {
  if (reinterpret_cast<uintptr_t>(shared) % 16 != 0 ||
      reinterpret_cast<uintptr_t>(global) % 16 != 0)
    fault = "a copy of 16 bytes that is not aligned";
  const Copy copy = {shared, global, bytes, current->copy_groups};
  if (reversed_order) {
    current->copies.push_back(copy);
  } else {
    land(copy);
  }
}

void commit_copies() { ++current->copy_groups; }

void wait_for_copies(int pending) {
  std::erase_if(current->copies, [&](const Copy& copy) {
    if (copy.group >= current->copy_groups - pending) return false;
    land(copy);
    return true;
  });
}

void run_block(const std::function<void()>& body, const char* what) {
  const unsigned count = blockDim.x;
  while (fibers.size() < count) add_fiber();
  block_body = &body;
  fault = nullptr;
  for (unsigned i = 0; i < count; ++i) {
    fibers[i]->state = State::kReady;
    fibers[i]->copies.clear();
    fibers[i]->copy_groups = 0;
    fibers[i]->letters_sent = 0;
  }
  const unsigned warps = (count + kWarp - 1) / kWarp;
  while (!all_in(State::kDone, 0, count)) {
    for (unsigned i = 0; i < warps; ++i) {
      const unsigned begin = (reversed_order ? warps - 1 - i : i) * kWarp;
      run_warp(begin, std::min(count, begin + kWarp));
    }
    if (all_in(State::kDone, 0, count)) break;
    if (!all_in(State::kAtBlockBarrier, 0, count)) fault = "threads of a block part at a barrier";
    if (fault != nullptr) break;
    for (unsigned i = 0; i < count; ++i) fibers[i]->state = State::kReady;
  }
  if (fault == nullptr) return;
  fibers.clear();  // some are in the middle of the body
  throw std::runtime_error(std::string(what) + ": " + fault);
}

}  // namespace cuda_on_host
