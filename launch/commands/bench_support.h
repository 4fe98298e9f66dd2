// What the benchmarks share: times, numbers and figures of their JSON lines, and --beside.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cohort {

using BenchClock = std::chrono::steady_clock;
double seconds_since(BenchClock::time_point start);

double median(std::vector<double> values);  // not empty; of an even number: the middle two's mean
double rounded(double value);               // to four significant digits

// What a baseline is compared by: a key of both JSON lines.
struct BenchFigure {
  std::string key;
  bool higher_is_better;
};

struct BesideOptions {
  std::string command;  // empty: none
  int64_t repeats = 3;
};
void add_beside_options(CLI::App& command, BesideOptions& options);

// The last line of `output` that is a JSON object. Throws InputError when there is none.
nlohmann::ordered_json last_json_line(const std::string& output, const std::string& command);

// line[figure.key]; for "step_s" also the median of line["steps"] after the first, which is the
// form of scripts that time an epoch. Throws InputError when it has neither.
double figure_of(const nlohmann::ordered_json& line, const BenchFigure& figure,
                 const std::string& command);

// Standard output of `sh -c command`, waited for. Throws InputError when it fails.
std::string output_of(const std::string& command);
std::string shell_quoted(const std::string& text);

// Runs `ours` and the command in turn, `repeats` times each; who begins alternates. A {key} of
// `values` in the command becomes its value. The result has both sides' figures and, round by
// round, how many times better ours was: its median and range.
nlohmann::ordered_json run_beside(const BesideOptions& options, const BenchFigure& figure,
                                  const std::map<std::string, std::string>& values,
                                  const std::function<nlohmann::ordered_json()>& ours);

// The one line of a benchmark on stdout, and what a reader wants of it on stderr.
using Describe = std::function<std::string(const nlohmann::ordered_json&)>;
void run_benchmark(const BesideOptions& options, const BenchFigure& figure,
                   const std::map<std::string, std::string>& values,
                   const std::function<nlohmann::ordered_json()>& ours, const Describe& describe);

}  // namespace cohort
