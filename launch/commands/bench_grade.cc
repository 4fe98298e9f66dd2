// cohort bench grade CASES.jsonl ...: the time of a verdict of kind math, a (gold, pred) pair at a
// time on one thread. MATH-500's form works too: gold `answer` against the whole `solution`.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/base/error.h"
#include "core/io/jsonl.h"
#include "launch/commands/bench.h"
#include "rewards/reward.h"

namespace cohort {
namespace {

struct Pair {
  std::string gold, answer;
};

std::string boxed(const std::string& text) { return "\\boxed{" + text + "}"; }

Pair read_pair(const nlohmann::json& row, const std::string& place) {
  const auto text = [&](const char* key) { return row.at(key).get<std::string>(); };
  try {
    if (row.contains("solution")) return {boxed(text("answer")), text("solution")};
    const bool bare = row.value("extraction", "") == "bare";
    return {bare ? boxed(text("gold")) : text("gold"), bare ? boxed(text("pred")) : text("pred")};
  } catch (const nlohmann::json::exception& e) {
    throw_error<InputError>("{}: expected gold and pred, or answer and solution: {}", place,
                            e.what());
  }
}

int bench(const std::vector<std::string>& files) {
  using Clock = std::chrono::steady_clock;
  std::vector<Pair> pairs;
  for (const std::string& file : files)
    read_jsonl(file, [&](const nlohmann::json& row, int64_t line) {
      pairs.push_back(read_pair(row, fmt::format("{}:{}", file, line)));
    });
  if (pairs.empty()) throw_error<InputError>("no cases");

  const std::unique_ptr<Reward> reward = default_settings("math")->make();
  std::vector<double> microseconds;
  const auto grade = [&](const Pair& pair) {
    const auto start = Clock::now();
    const RewardInput input{.completion = pair.answer, .answer = pair.gold};
    RewardResult result;
    reward->score_group({.completions = {&input, 1}}, {&result, 1});
    microseconds.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  };
  for (size_t i = 0; i < std::min<size_t>(5, pairs.size()); ++i) grade(pairs[i]);  // warm up
  microseconds.clear();
  for (const Pair& pair : pairs) grade(pair);

  std::ranges::sort(microseconds);
  const size_t n = microseconds.size();
  const double sum = std::accumulate(microseconds.begin(), microseconds.end(), 0.0);
  const auto tenth = [](double us) { return std::round(us * 10) / 10; };
  std::cout << nlohmann::ordered_json{{"system", "cohort"},
                                      {"pairs", n},
                                      {"mean_us", tenth(sum / static_cast<double>(n))},
                                      {"p50_us", tenth(microseconds[n / 2])},
                                      {"p99_us", tenth(microseconds[n * 99 / 100])},
                                      {"max_us", tenth(microseconds.back())}}
                   .dump()
            << '\n';
  return 0;
}

}  // namespace

void add_bench_grade(CLI::App& bench_app, CommandContext& context) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* command = bench_app.add_subcommand("grade", "Time of a math verdict");
  command->add_option("files", *files, "JSONL files of cases")->required();
  command->callback(
      [&context, files] { context.action = [files](Communicator&) { return bench(*files); }; });
}

}  // namespace cohort
