// Measures the machine, then the ops. Options are Google Benchmark's: --benchmark_filter=Attention.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstring>

#include "core/base/threads.h"
#include "kernels/speed/peaks.h"
#include "tests/bench/support.h"

namespace cohort::kernels {
namespace {

Yardsticks measure() {
  constexpr int64_t kMoreThanCachesHold = int64_t{512} << 20;
  const int threads = num_threads();
  const ComputePeak fp32 = fp32_peak(threads), bf16 = bf16_peak(threads);
  const double memory = read_bandwidth(threads, kMoreThanCachesHold);
  fmt::print(stderr,
             "{} threads: fp32 {:.0f} GFLOP/s ({}), bf16 {:.0f} GFLOP/s ({}), memory {:.1f} GB/s\n",
             threads, fp32.gflop_s, fp32.unit, bf16.gflop_s, bf16.unit, memory);
  return {fp32.gflop_s, bf16.gflop_s, memory};
}

// A line a benchmark. --benchmark_out=FILE has everything, as JSON.
class Table : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override {
    fmt::print("{:<60} {:>12} {:>9} {:>8} {:>8} {:>9}\n", "", "us", kGflops, kOfPeak, kGbytes,
               kOfMemory);
    return true;
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      const auto text = [&](const char* name, const char* form, double scale) {
        const auto found = run.counters.find(name);
        return found == run.counters.end() ? std::string("-")
                                           : fmt::format(fmt::runtime(form), scale * found->second);
      };
      std::string name = run.benchmark_name();
      if (const size_t end = name.rfind("/real_time"); end != std::string::npos)
        name.erase(end, std::strlen("/real_time"));
      fmt::print("{:<60} {:>12.1f} {:>9} {:>8} {:>8} {:>9}\n", name, run.GetAdjustedRealTime(),
                 text(kGflops, "{:.1f}", 1), text(kOfPeak, "{:.1f}%", 100),
                 text(kGbytes, "{:.1f}", 1), text(kOfMemory, "{:.0f}%", 100));
      std::fflush(stdout);
    }
  }
};

Yardsticks& measured() {
  static Yardsticks yardsticks;
  return yardsticks;
}

}  // namespace

const Yardsticks& yardsticks() { return measured(); }

}  // namespace cohort::kernels

int main(int argc, char** argv) {
  at::set_num_threads(1);  // as in the program
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  cohort::kernels::measured() = cohort::kernels::measure();
  cohort::kernels::Table table;
  benchmark::RunSpecifiedBenchmarks(&table);
  benchmark::Shutdown();
}
