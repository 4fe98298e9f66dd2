#include "kernels/speed/peaks.h"

#include <sys/mman.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstring>
#include <functional>
#include <limits>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "kernels/linear/dispatch.h"
#include "kernels/speed/peak_loops.h"

namespace cohort::kernels {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kRounds = 7;
constexpr int kReadRounds = 30;  // memory is shared with other machines' tenants: a longer look

// Seconds of the fastest round in which all threads run work(thread) at once. Threads of its own:
// what a pool costs to wake is no part of the machine's peak.
double fastest_round(int threads, int rounds, const std::function<void(int)>& work) {
  std::barrier all(threads);
  double fastest = std::numeric_limits<double>::infinity();
  const auto run = [&](int thread) {
    for (int round = 0; round < rounds; ++round) {
      all.arrive_and_wait();
      const auto start = Clock::now();
      work(thread);
      all.arrive_and_wait();
      if (thread == 0)
        fastest = std::min(fastest, std::chrono::duration<double>(Clock::now() - start).count());
    }
  };
  std::vector<std::thread> others;
  for (int thread = 1; thread < threads; ++thread) others.emplace_back(run, thread);
  run(0);
  for (std::thread& other : others) other.join();
  return fastest;
}

double gflop_s(int threads, peak::Loop loop) {
  constexpr double kRoundSeconds = 0.02;
  int64_t repeats = 1 << 14;
  for (;;) {
    double flop = 0;
    const double seconds = fastest_round(threads, kRounds, [&](int thread) {
      const double done = loop(repeats);
      if (thread == 0) flop = done;
    });
    if (seconds >= kRoundSeconds) return flop * threads / seconds / 1e9;
    repeats *= seconds < kRoundSeconds / 16 ? 16 : 2;
  }
}

// Anonymous memory in pages of 2 MiB where the system gives them, as weights have it.
class Pages {
 public:
  explicit Pages(int64_t bytes) : bytes_(static_cast<size_t>(bytes)) {
    data_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data_ == MAP_FAILED)
      throw_error<InputError>("no memory for {} bytes: {}", bytes, std::strerror(errno));
    madvise(data_, bytes_, MADV_HUGEPAGE);
    std::memset(data_, 1, bytes_);
  }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages() { munmap(data_, bytes_); }
  const uint64_t* words() const { return static_cast<const uint64_t*>(data_); }

 private:
  size_t bytes_;
  void* data_;
};

}  // namespace

ComputePeak fp32_peak(int threads) {
  return {gflop_s(threads, peak::multiply_add_fp32), peak::multiply_add_unit()};
}

ComputePeak bf16_peak(int threads) {
  ComputePeak best = fp32_peak(threads);
  const auto also = [&](gemm::Target target, peak::Loop loop, const char* unit) {
    if (!gemm::target_available(target)) return;
    const double speed = gflop_s(threads, loop);
    if (speed > best.gflop_s) best = {speed, unit};
  };
  also(gemm::Target::kAvx512Dot, peak::dot_bf16_avx512, "AVX512-BF16");
  also(gemm::Target::kAmx, peak::dot_bf16_amx, "AMX-BF16");
  return best;
}

double read_bandwidth(int threads, int64_t bytes) {
  constexpr int64_t kPage = 4096;
  const int64_t share = std::max(kPage, bytes / threads / kPage * kPage);
  const Pages pages(share * threads);
  // A short read is repeated, so that a round is long beside the clock and the barrier.
  const int64_t passes = std::max<int64_t>(1, (int64_t{256} << 20) / (share * threads));
  std::vector<uint64_t> sums(static_cast<size_t>(threads) * 8);  // a cache line each
  const double seconds = fastest_round(threads, kReadRounds, [&](int thread) {
    for (int64_t pass = 0; pass < passes; ++pass)
      sums[static_cast<size_t>(thread) * 8] += peak::read_all(
          pages.words() + thread * share / static_cast<int64_t>(sizeof(uint64_t)), share);
  });
  return static_cast<double>(share * threads * passes) / seconds / 1e9;
}

}  // namespace cohort::kernels
