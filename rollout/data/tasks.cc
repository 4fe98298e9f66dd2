// The built-in tasks: expressions drawn at random, one row each (docs/tasks.md).
#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/rng.h"
#include "rollout/data/expression.h"
#include "rollout/data/gsm8k_calculator.h"

namespace cohort {

namespace {

constexpr int64_t kDefaultTrainRows = 20000, kDefaultHeldOutRows = 500;

int64_t power_of_ten(int64_t exponent) {
  return exponent == 0 ? 1 : 10 * power_of_ten(exponent - 1);
}

int64_t number_of_digits(DrawStream& draws, int64_t digits) {
  const int64_t low = power_of_ten(digits - 1);
  return low + static_cast<int64_t>(draws.next_below(static_cast<uint64_t>(9 * low)));
}

// The operands of GSM8K's annotations: 1 to 4 digits with these shares, and a third of the longer
// ones round.
int64_t calculator_operand(DrawStream& draws) {
  const double u = draws.next_uniform();
  const int64_t digits = u < 0.18 ? 1 : u < 0.60 ? 2 : u < 0.92 ? 3 : 4;
  const int64_t value = number_of_digits(draws, digits);
  return digits > 1 && draws.next_uniform() < 0.35 ? value / 10 * 10 : value;
}

Expression draw_expression(const DataConfig& config, DrawStream& draws) {
  const char op = draws.next_below(2) == 0 ? '+' : '-';
  const bool shapes = config.task == "calculator_shapes";
  const int64_t a = shapes ? calculator_operand(draws) : number_of_digits(draws, config.digits);
  const int64_t b = shapes ? calculator_operand(draws) : number_of_digits(draws, config.digits);
  return op == '-' && a < b ? Expression{b, op, a} : Expression{a, op, b};
}

bool has_short_answer(const Expression& e) {
  const auto length = [](int64_t value) { return std::to_string(value).size(); };
  return length(e.value()) < length(std::max(e.a, e.b));
}

// Drawn row by row, so that the first rows do not depend on num_rows.
bool must_have_short_answer(const DataConfig& config, size_t index) {
  return draw_uniform({.seed = static_cast<uint64_t>(config.seed),
                       .kind = DrawKind::data,
                       .ordinal = index,
                       .sample = kShortAnswerDraws}) < config.short_answers;
}

}  // namespace

std::vector<Row> make_task_rows(const DataConfig& config) {
  const std::vector<std::string> known = {"arithmetic", "calculator_shapes"};
  if (std::ranges::find(known, config.task) == known.end()) {
    const std::string nearest = nearest_name(config.task, known);
    throw_error<ConfigError>("task \"{}\" is unknown{}", config.task,
                             nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?");
  }
  const int64_t num_rows = config.num_rows > 0       ? config.num_rows
                           : config.split == "train" ? kDefaultTrainRows
                                                     : kDefaultHeldOutRows;
  std::set<Expression> excluded;  // canonical
  for (const Expression& e : gsm8k_expressions(config.exclude_files))
    excluded.insert(e.canonical());

  // Each task and split has draws of its own, so that no two of them walk through the same
  // operands.
  const uint64_t stream = (config.task == "arithmetic" ? 0 : 3) + (config.split == "train" ? 0
                                                                   : config.split == "dev" ? 1
                                                                                           : 2);
  DrawStream draws({.seed = static_cast<uint64_t>(config.seed),
                    .kind = DrawKind::data,
                    .ordinal = stream,
                    .sample = kExpressionDraws});
  std::set<Expression> seen;
  std::vector<Row> rows;
  rows.reserve(static_cast<size_t>(num_rows));
  // A split with too few expressions ends the search: by then each of them was drawn many times
  // over.
  const int64_t limit = 100'000 + 200 * num_rows;
  for (int64_t tries = 0; static_cast<int64_t>(rows.size()) < num_rows; ++tries) {
    if (tries == limit)
      throw_error<ConfigError>(
          "task {}: split {} has only {} different expressions, num_rows is {}", config.task,
          config.split, rows.size(), num_rows);
    const Expression e = draw_expression(config, draws);
    if (must_have_short_answer(config, rows.size()) && !has_short_answer(e)) continue;
    if (split_of(e) != config.split || excluded.contains(e.canonical()) || !seen.insert(e).second)
      continue;
    const auto index = static_cast<int64_t>(rows.size());
    rows.push_back(expression_row(e, draw_style(config, index),
                                  fmt::format("{} {}:{}", config.task, config.split, index + 1)));
  }
  return rows;
}

}  // namespace cohort
