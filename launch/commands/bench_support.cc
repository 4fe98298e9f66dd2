#include "launch/commands/bench_support.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>

#include "core/base/error.h"
#include "launch/commands/commands.h"

namespace cohort {
namespace {

using Json = nlohmann::ordered_json;

std::string filled(std::string command, const std::map<std::string, std::string>& values) {
  for (const auto& [key, value] : values) {
    const std::string mark = "{" + key + "}";
    for (size_t at = command.find(mark); at != std::string::npos;
         at = command.find(mark, at + value.size()))
      command.replace(at, mark.size(), value);
  }
  return command;
}

Json numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(rounded(value));
  return list;
}

}  // namespace

double seconds_since(BenchClock::time_point start) {
  return std::chrono::duration<double>(BenchClock::now() - start).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const int digits = 3 - static_cast<int>(std::floor(std::log10(std::abs(value))));
  const double scale = std::pow(10.0, std::clamp(digits, 0, 12));
  return std::round(value * scale) / scale;
}

void add_beside_options(CLI::App& command, BesideOptions& options) {
  CLI::Option* beside = command.add_option(
      "--beside", options.command,
      "A shell command that does the same work and ends with a JSON line: run in turn with this");
  command.add_option("--repeats", options.repeats, "Rounds of both")
      ->check(at_least_one)
      ->needs(beside);
}

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string output_of(const std::string& command) {
  std::cout.flush();
  FILE* const pipe = popen(command.c_str(), "re");
  if (pipe == nullptr) throw_error<InputError>("cannot start: {}", command);
  std::string output;
  std::array<char, 4096> piece;
  for (size_t n; (n = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;)
    output.append(piece.data(), n);
  const int status = pclose(pipe);
  if (status != 0)
    throw_error<InputError>("{} {}: {}", WIFEXITED(status) ? "exit code" : "ended by signal",
                            WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), command);
  return output;
}

Json last_json_line(const std::string& output, const std::string& command) {
  for (size_t end = output.size(); end > 0;) {
    const size_t newline = output.rfind('\n', end - 1);
    const size_t begin = newline == std::string::npos ? 0 : newline + 1;
    const Json line = Json::parse(output.substr(begin, end - begin), nullptr, false);
    if (line.is_object()) return line;
    end = newline == std::string::npos ? 0 : newline;
  }
  throw_error<InputError>("no JSON line on its standard output: {}", command);
}

double figure_of(const Json& line, const BenchFigure& figure, const std::string& command) {
  const auto found = line.find(figure.key);
  if (found != line.end() && found->is_number()) return found->get<double>();
  const auto steps = line.find("steps");
  if (figure.key == "step_s" && steps != line.end() && steps->is_array() && !steps->empty() &&
      std::ranges::all_of(*steps, [](const Json& step) { return step.is_number(); })) {
    const auto times = steps->get<std::vector<double>>();
    return median({times.begin() + (times.size() > 1), times.end()});
  }
  throw_error<InputError>("expected a number {} in the JSON line of: {}", figure.key, command);
}

Json run_beside(const BesideOptions& options, const BenchFigure& figure,
                const std::map<std::string, std::string>& values,
                const std::function<Json()>& ours) {
  const std::string command = filled(options.command, values);
  Json our_line, their_line;
  std::vector<double> our_figures, their_figures, ratios;
  const auto run_ours = [&] {
    our_line = ours();
    our_figures.push_back(figure_of(our_line, figure, "cohort"));
  };
  const auto run_theirs = [&] {
    their_line = last_json_line(output_of(command), command);
    their_figures.push_back(figure_of(their_line, figure, command));
    if (their_figures.back() <= 0)
      throw_error<InputError>("{} must be above 0, it is {}: {}", figure.key, their_figures.back(),
                              command);
  };
  for (int64_t round = 0; round < options.repeats; ++round) {
    if (round % 2 == 0) run_ours();
    run_theirs();
    if (round % 2 == 1) run_ours();
    ratios.push_back(figure.higher_is_better ? our_figures.back() / their_figures.back()
                                             : their_figures.back() / our_figures.back());
  }
  return {{"figure", figure.key},
          {"better", figure.higher_is_better ? "higher" : "lower"},
          {"cohort", numbers(our_figures)},
          {"beside", numbers(their_figures)},
          {"cohort_median", rounded(median(our_figures))},
          {"beside_median", rounded(median(their_figures))},
          {"ratio", rounded(median(ratios))},
          {"ratio_min", rounded(std::ranges::min(ratios))},
          {"ratio_max", rounded(std::ranges::max(ratios))},
          {"command", command},
          {"cohort_line", our_line},
          {"beside_line", their_line}};
}

void run_benchmark(const BesideOptions& options, const BenchFigure& figure,
                   const std::map<std::string, std::string>& values,
                   const std::function<Json()>& ours, const Describe& describe) {
  const Json line = options.command.empty() ? ours() : run_beside(options, figure, values, ours);
  std::cout << line.dump() << std::endl;
  if (options.command.empty()) {
    fmt::print(stderr, "{}\n", describe(line));
    return;
  }
  fmt::print(stderr, "{}\n", describe(line.at("cohort_line")));
  fmt::print(stderr, "  {}: {} beside {}, {} times as good ({} to {} in {} rounds)\n", figure.key,
             line.at("cohort_median").get<double>(), line.at("beside_median").get<double>(),
             line.at("ratio").get<double>(), line.at("ratio_min").get<double>(),
             line.at("ratio_max").get<double>(), options.repeats);
}

}  // namespace cohort
