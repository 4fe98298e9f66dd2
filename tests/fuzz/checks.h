// What must hold, said before the fuzzer stops.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

inline void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

// A run ends in 20 ms of processor time, which the sanitizers make twenty times as long.
class InTime {
 public:
  InTime() : start_(std::clock()) {}
  ~InTime() {
    must(static_cast<double>(std::clock() - start_) < kSeconds * CLOCKS_PER_SEC, "not in time");
  }
  InTime(const InTime&) = delete;
  InTime& operator=(const InTime&) = delete;

 private:
  static constexpr double kSeconds = 0.4;
  std::clock_t start_;
};
