#include "rollout/data/gsm8k_calculator.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/base/error.h"
#include "core/io/jsonl.h"

namespace cohort {

namespace {

constexpr size_t kMaxOperandDigits = 4;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The digits at the front of `text`, which are cut off; at most 18 of them fit a number of ours.
std::string_view take_digits(std::string_view& text) {
  size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  const std::string_view digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

bool is_operand(std::string_view digits) {
  return !digits.empty() && digits.size() <= kMaxOperandDigits &&
         (digits[0] != '0' || digits.size() == 1);
}

std::optional<Expression> parse_annotation(std::string_view body) {
  std::string compact;
  for (const char c : body)
    if (c != ' ') compact += c;
  std::string_view rest = compact;
  const std::string_view a = take_digits(rest);
  if (rest.empty() || (rest[0] != '+' && rest[0] != '-')) return std::nullopt;
  const char op = rest[0];
  rest.remove_prefix(1);
  const std::string_view b = take_digits(rest);
  if (rest.empty() || rest[0] != '=') return std::nullopt;
  rest.remove_prefix(1);
  std::string_view value = take_digits(rest);
  if (!rest.empty() || value.empty() || !is_operand(a) || !is_operand(b)) return std::nullopt;
  while (value.size() > 1 && value[0] == '0') value.remove_prefix(1);
  const Expression e{std::stoll(std::string(a)), op, std::stoll(std::string(b))};
  if ((op == '-' && e.a < e.b) || std::to_string(e.value()) != value) return std::nullopt;
  return e;
}

}  // namespace

std::vector<Expression> find_annotations(std::string_view solution) {
  // As the regular expression <<([^<>]*)>>: a body holds no angle bracket.
  std::vector<Expression> found;
  for (size_t at = solution.find("<<"); at != std::string_view::npos;
       at = solution.find("<<", at)) {
    const size_t begin = at + 2;
    const size_t end = solution.find_first_of("<>", begin);
    if (end == std::string_view::npos) break;
    if (solution.substr(end, 2) != ">>") {
      ++at;
      continue;
    }
    if (const auto e = parse_annotation(solution.substr(begin, end - begin))) found.push_back(*e);
    at = end + 2;
  }
  return found;
}

std::vector<Expression> gsm8k_expressions(const std::vector<std::string>& files,
                                          const std::string& answer_key) {
  std::vector<Expression> expressions;
  std::set<Expression> seen;
  for (const std::string& file : files)
    read_jsonl(file, [&](const nlohmann::json& row, int64_t line) {
      const auto answer = row.find(answer_key);
      if (answer == row.end() || !answer->is_string())
        throw_error<InputError>("{}:{}: no text under \"{}\"", file, line, answer_key);
      for (const Expression& e : find_annotations(answer->get_ref<const std::string&>()))
        if (seen.insert(e).second) expressions.push_back(e);
    });
  return expressions;
}

std::vector<Row> gsm8k_calculator_rows(const DataConfig& config) {
  std::set<Expression> excluded;  // canonical
  for (const Expression& e : gsm8k_expressions(config.exclude_files, config.answer_key))
    excluded.insert(e.canonical());
  std::vector<Row> rows;
  for (const Expression& e : gsm8k_expressions(config.files, config.answer_key)) {
    if (excluded.contains(e.canonical())) continue;
    const auto index = static_cast<int64_t>(rows.size());
    if (config.num_rows > 0 && index == config.num_rows) break;
    rows.push_back(expression_row(e, draw_style(config, index),
                                  fmt::format("gsm8k_calculator:{}", index + 1)));
  }
  return rows;
}

}  // namespace cohort
