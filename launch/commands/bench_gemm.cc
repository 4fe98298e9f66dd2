// cohort bench gemm: the packed matrix product beside LibTorch's on the same operands, in turns,
// and beside what the machine can do.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "core/base/error.h"
#include "core/base/threads.h"
#include "kernels/speed/peaks.h"
#include "kernels/speed/product_speed.h"
#include "launch/commands/bench.h"
#include "launch/commands/bench_support.h"
#include "model/exactness_probe.h"
#include "trainer/model_source.h"

namespace cohort {
namespace {

using Json = nlohmann::ordered_json;

struct GemmBenchOptions {
  // The products of SmolLM2-135M: q, k and v; gate and up; down; the head.
  std::vector<std::string> weights = {"960x576", "3072x576", "576x1536", "49152x576"};
  std::vector<int64_t> rows = {1, 4, 16, 64, 512};
  std::vector<std::string> dtypes = {"fp32", "bf16"};
  int64_t threads = 2, weights_mb = 512, rounds = 7;
  BesideOptions beside;
};

struct WeightShape {
  int64_t columns = 0, inner = 0;
};

WeightShape parse_shape(const std::string& text) {
  WeightShape shape;
  const char* const end = text.data() + text.size();
  const auto [x, first] = std::from_chars(text.data(), end, shape.columns);
  if (first == std::errc() && x != end && *x == 'x') {
    const auto [last, second] = std::from_chars(x + 1, end, shape.inner);
    if (second == std::errc() && last == end && shape.columns > 0 && shape.inner > 0) return shape;
  }
  throw_error<ConfigError>("--weights {}: expected COLUMNSxINNER, such as 3072x576", text);
}

// The machine's limits for one kind of element.
struct Limits {
  kernels::ComputePeak peak;
  double library_peak, bandwidth;
};

struct Case {
  int64_t rows;
  WeightShape weight;
  std::string dtype;
  double element_bytes;

  double flop() const {
    return 2.0 * static_cast<double>(rows) * static_cast<double>(weight.columns * weight.inner);
  }
  // Each operand once.
  double bytes() const {
    return element_bytes * static_cast<double>(weight.columns * weight.inner +
                                               rows * (weight.columns + weight.inner));
  }
};

Json to_line(const Case& c, const kernels::ProductSpeed& speed, const Limits& limits,
             int64_t threads) {
  const double gflop_s = c.flop() / speed.seconds / 1e9, gb_s = c.bytes() / speed.seconds / 1e9;
  const double least = std::max(c.flop() / limits.peak.gflop_s, c.bytes() / limits.bandwidth) / 1e9;
  return {{"system", "cohort"},
          {"rows", c.rows},
          {"columns", c.weight.columns},
          {"inner", c.weight.inner},
          {"dtype", c.dtype},
          {"kernel", kernel_name(compute_dtype(c.dtype))},
          {"threads", threads},
          {"us", rounded(speed.seconds * 1e6)},
          {"gflop_s", rounded(gflop_s)},
          {"gb_s", rounded(gb_s)},
          {"share_of_peak", rounded(gflop_s / limits.peak.gflop_s)},
          {"share_of_bandwidth", rounded(gb_s / limits.bandwidth)},
          {"share_of_roof", rounded(least / speed.seconds)},
          {"library_us", rounded(speed.library_seconds * 1e6)},
          {"library_gflop_s", rounded(c.flop() / speed.library_seconds / 1e9)},
          {"ratio_to_library", rounded(speed.library_seconds / speed.seconds)},
          {"peak_gflop_s", rounded(limits.peak.gflop_s)},
          {"peak_unit", limits.peak.unit},
          {"library_peak_gflop_s", rounded(limits.library_peak)},
          {"bandwidth_gb_s", rounded(limits.bandwidth)}};
}

std::string describe(const Json& line) {
  const auto number = [&](const char* key) { return line.at(key).get<double>(); };
  return fmt::format(
      "{:>6} {:>6} x {:<5} {} {:>10.1f} {:>9.1f} {:>7.1f} {:>6.0f}% {:>6.0f}% {:>6.0f}% {:>9.1f} "
      "{:>6.2f}",
      line.at("rows").get<int64_t>(), line.at("columns").get<int64_t>(),
      line.at("inner").get<int64_t>(), line.at("dtype").get<std::string>(), number("us"),
      number("gflop_s"), number("gb_s"), 100 * number("share_of_peak"),
      100 * number("share_of_bandwidth"), 100 * number("share_of_roof"), number("library_us"),
      number("ratio_to_library"));
}

int bench(const GemmBenchOptions& options) {
  constexpr double kRoundSeconds = 0.03;
  const int threads = static_cast<int>(options.threads);
  set_num_threads(threads);
  std::vector<WeightShape> shapes;
  for (const std::string& text : options.weights) shapes.push_back(parse_shape(text));
  for (const std::string& dtype : options.dtypes) {
    const at::ScalarType type = compute_dtype(dtype);
    Limits limits{type == at::kFloat ? kernels::fp32_peak(threads) : kernels::bf16_peak(threads),
                  kernels::library_peak(type), 0};
    fmt::print(stderr, "{}: peak {:.0f} GFLOP/s ({}), LibTorch's product of 2048 x 2048: {:.0f}\n",
               dtype, limits.peak.gflop_s, limits.peak.unit, limits.library_peak);
    fmt::print(stderr, "{:>6} {:>14} {:>15} {:>9} {:>7} {:>7} {:>7} {:>7} {:>9} {:>6}\n", "rows",
               "weight", "us", "GFLOP/s", "GB/s", "peak", "memory", "roof", "LibTorch", "ratio");
    for (const WeightShape& shape : shapes) {
      kernels::ProductBench product(shape.columns, shape.inner, type, options.weights_mb << 20);
      limits.bandwidth = kernels::read_bandwidth(threads, product.weight_bytes());
      for (const int64_t rows : options.rows) {
        const Case c{rows, shape, dtype, type == at::kFloat ? 4.0 : 2.0};
        run_benchmark(
            options.beside, {.key = "gflop_s", .higher_is_better = true},
            {{"rows", std::to_string(rows)},
             {"columns", std::to_string(shape.columns)},
             {"inner", std::to_string(shape.inner)},
             {"dtype", dtype}},
            [&] {
              return to_line(c,
                             product.measure(rows, static_cast<int>(options.rounds), kRoundSeconds),
                             limits, options.threads);
            },
            describe);
      }
    }
  }
  return 0;
}

}  // namespace

void add_bench_gemm(CLI::App& bench_app, CommandContext& context) {
  auto options = std::make_shared<GemmBenchOptions>();
  CLI::App* command = bench_app.add_subcommand(
      "gemm", "The matrix product beside LibTorch's, and the machine's peak");
  command->add_option("--weights", options->weights, "COLUMNSxINNER of the weights")
      ->delimiter(',');
  command->add_option("--rows", options->rows, "Rows of the input")
      ->delimiter(',')
      ->check(at_least_one);
  command->add_option("--dtype", options->dtypes, "fp32, bf16 or both")
      ->delimiter(',')
      ->check(CLI::IsMember({"fp32", "bf16"}));
  command->add_option("--threads", options->threads, "Threads")->check(at_least_one);
  command
      ->add_option(
          "--weights-mb", options->weights_mb,
          "Copies of a weight to go through in turn, in MiB; 0: one, which caches may hold")
      ->check(not_negative);
  command->add_option("--rounds", options->rounds, "Rounds of each side; the median counts")
      ->check(at_least_one);
  add_beside_options(*command, options->beside);
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return bench(*options); };
  });
}

}  // namespace cohort
