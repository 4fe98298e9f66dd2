// Counted work. A verdict depends on these counts alone, so that it is the same on every machine
// and under any load; the clock is a backstop that no honest answer reaches.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>

namespace cohort::math {

struct BudgetLimits {
  int64_t bytes = 4096;   // of one answer's text
  int64_t nodes = 512;    // of one tree
  int64_t depth = 64;     // of one tree
  int64_t digits = 1200;  // of one number, written or computed
  int64_t steps = 20000;  // of parsing and comparing one pair
  std::chrono::milliseconds clock{500};
};

enum class BudgetSpent : uint8_t { bytes, nodes, depth, digits, steps, clock };

struct BudgetExhausted : std::exception {
  explicit BudgetExhausted(BudgetSpent what_) : what_was_spent(what_) {}
  const char* what() const noexcept override { return "budget exhausted"; }
  BudgetSpent what_was_spent;
};

// One for each (gold, answer) pair; handed down by reference, checked inside the loops.
class Budget {
 public:
  explicit Budget(const BudgetLimits& limits = {})
      : limits_(limits), start_(std::chrono::steady_clock::now()) {}

  const BudgetLimits& limits() const { return limits_; }
  // Throws BudgetExhausted when the steps are used up; reads the clock every 256 steps.
  void step(int64_t n = 1) {
    steps_ += n;
    if (steps_ > limits_.steps) throw BudgetExhausted(BudgetSpent::steps);
    if (steps_ >= next_look_) look_at_clock();
  }
  void check(BudgetSpent what, int64_t amount, int64_t limit) const {
    if (amount > limit) throw BudgetExhausted(what);
  }
  int64_t steps() const { return steps_; }

 private:
  void look_at_clock() {
    next_look_ = steps_ + 256;
    if (std::chrono::steady_clock::now() - start_ > limits_.clock)
      throw BudgetExhausted(BudgetSpent::clock);
  }

  BudgetLimits limits_;
  std::chrono::steady_clock::time_point start_;
  int64_t steps_ = 0;
  int64_t next_look_ = 256;
};

}  // namespace cohort::math
