// Arithmetic of matrices, and words that mean a value.
#include <algorithm>
#include <array>
#include <string_view>

#include "rewards/math/compare/comparer.h"
#include "rewards/math/compare/exact.h"
#include "rewards/math/compare/tree.h"

namespace cohort::math {

namespace {

constexpr int64_t kMaxDeterminant = 4;
constexpr int64_t kMaxMatrixPower = 8;

bool is_matrix(const Expr& expr) { return expr.kind == Kind::matrix && expr.rows > 0; }
int64_t columns(const Expr& m) { return static_cast<int64_t>(m.children.size()) / m.rows; }
const Expr& at(const Expr& m, int64_t row, int64_t column) {
  return m.children[static_cast<size_t>(row * columns(m) + column)];
}

Expr matrix_like(int64_t rows, std::vector<Expr> entries) {
  return {Kind::matrix, "(", std::move(entries), static_cast<int32_t>(rows)};
}

std::optional<Expr> sum(const Expr& a, const Expr& b) {
  if (a.rows != b.rows || a.children.size() != b.children.size()) return std::nullopt;
  std::vector<Expr> entries;
  for (size_t i = 0; i < a.children.size(); ++i)
    entries.push_back(make(Kind::add, {a.children[i], b.children[i]}));
  return matrix_like(a.rows, std::move(entries));
}

Expr scaled(const Expr& m, const Expr& factor) {
  std::vector<Expr> entries;
  for (const Expr& entry : m.children) entries.push_back(make(Kind::multiply, {factor, entry}));
  return matrix_like(m.rows, std::move(entries));
}

std::optional<Expr> product(const Expr& a, const Expr& b, Budget& budget) {
  if (columns(a) != b.rows) return std::nullopt;
  std::vector<Expr> entries;
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j < columns(b); ++j) {
      std::vector<Expr> summands;
      for (int64_t k = 0; k < b.rows; ++k) {
        budget.step();
        summands.push_back(make(Kind::multiply, {at(a, i, k), at(b, k, j)}));
      }
      entries.push_back(summands.size() == 1 ? std::move(summands[0])
                                             : make(Kind::add, std::move(summands)));
    }
  }
  return matrix_like(a.rows, std::move(entries));
}

// Along the first row.
Expr determinant(const Expr& m) {
  const int64_t n = m.rows;
  if (n == 1) return m.children[0];
  std::vector<Expr> summands;
  for (int64_t column = 0; column < n; ++column) {
    std::vector<Expr> minor;
    for (int64_t i = 1; i < n; ++i)
      for (int64_t j = 0; j < n; ++j)
        if (j != column) minor.push_back(at(m, i, j));
    Expr summand =
        make(Kind::multiply, {at(m, 0, column), determinant(matrix_like(n - 1, std::move(minor)))});
    summands.push_back(column % 2 == 0 ? std::move(summand) : make_negative(std::move(summand)));
  }
  return make(Kind::add, std::move(summands));
}

bool has_determinant(const Expr& m) {
  return is_matrix(m) && m.rows == columns(m) && m.rows <= kMaxDeterminant;
}

// One node whose children are done.
Expr folded(Expr expr, bool determinants, Budget& budget) {
  auto& children = expr.children;
  if (expr.kind == Kind::matrix) {
    if (determinants && expr.text == "|" && has_determinant(expr)) return determinant(expr);
    return expr;
  }
  if (std::ranges::none_of(children, is_matrix)) return expr;
  switch (expr.kind) {
    case Kind::add: {
      Expr result = children[0];
      for (size_t i = 1; i < children.size(); ++i) {
        auto next =
            is_matrix(result) && is_matrix(children[i]) ? sum(result, children[i]) : std::nullopt;
        if (!next) return expr;
        result = std::move(*next);
      }
      return result;
    }
    case Kind::negate:
      return scaled(children[0], make_negative(Expr{Kind::number, "1"}));
    case Kind::multiply: {
      Expr result = children[0];
      for (size_t i = 1; i < children.size(); ++i) {
        if (is_matrix(result) && is_matrix(children[i])) {
          auto next = product(result, children[i], budget);
          if (!next) return expr;
          result = std::move(*next);
        } else if (is_matrix(result)) {
          result = scaled(result, children[i]);
        } else if (is_matrix(children[i])) {
          result = scaled(children[i], result);
        } else {
          result = make(Kind::multiply, {std::move(result), children[i]});
        }
      }
      return result;
    }
    case Kind::divide:
      if (!is_matrix(children[0]) || is_matrix(children[1])) return expr;
      return scaled(children[0], make(Kind::divide, {Expr{Kind::number, "1"}, children[1]}));
    case Kind::power: {
      const auto exponent = exact_value(children[1], budget);
      const int64_t n = exponent ? exponent->to_int64().value_or(0) : 0;
      if (!is_matrix(children[0]) || n < 1 || n > kMaxMatrixPower) return expr;
      Expr result = children[0];
      for (int64_t i = 1; i < n; ++i) {
        auto next = product(result, children[0], budget);
        if (!next) return expr;
        result = std::move(*next);
      }
      return result;
    }
    case Kind::function:
      return determinants && expr.text == "det" && has_determinant(children[0])
                 ? determinant(children[0])
                 : expr;
    default:
      return expr;
  }
}

struct Meaning {
  std::string_view words;
  Kind kind;
  std::string_view text;
};
constexpr std::array<Meaning, 14> kMeanings = {{
    {"no solution", Kind::empty_set, ""},
    {"no solutions", Kind::empty_set, ""},
    {"no real solution", Kind::empty_set, ""},
    {"no real solutions", Kind::empty_set, ""},
    {"empty set", Kind::empty_set, ""},
    {"the empty set", Kind::empty_set, ""},
    {"all real numbers", Kind::number_set, "R"},
    {"all reals", Kind::number_set, "R"},
    {"real numbers", Kind::number_set, "R"},
    {"the real numbers", Kind::number_set, "R"},
    {"undefined", Kind::constant, "undefined"},
    {"does not exist", Kind::constant, "undefined"},
    {"infinity", Kind::constant, "inf"},
    {"positive infinity", Kind::constant, "inf"},
}};

bool is_determinant(const Expr& expr) {
  return (expr.kind == Kind::matrix && expr.text == "|") ||
         (expr.kind == Kind::function && expr.text == "det");
}

}  // namespace

bool has_determinants(const Expr& expr) { return any_node(expr, is_determinant); }

Expr prepared(const Expr& expr, bool determinants, Budget& budget) {
  const bool plain = !any_node(expr, [](const Expr& node) {
    return node.kind == Kind::matrix || node.kind == Kind::words || node.kind == Kind::set ||
           (node.kind == Kind::number_set && node.text.size() > 1);
  });
  if (plain) return expr;
  if (expr.kind == Kind::words) {
    const auto meaning = std::ranges::find(kMeanings, expr.text, &Meaning::words);
    if (meaning == kMeanings.end()) return expr;
    return {meaning->kind, std::string(meaning->text), {}};
  }
  if (expr.kind == Kind::set && expr.children.empty()) return {Kind::empty_set};
  if (expr.kind == Kind::number_set && expr.text.size() >= 2 && expr.text[0] == 'R') {
    const Expr zero{Kind::number, "0"}, infinity{Kind::constant, "inf"};
    if (expr.text == "R0+") return make(Kind::interval, {zero, infinity}, "[)");
    if (expr.text == "R0-") return make(Kind::interval, {make_negative(infinity), zero}, "(]");
    if (expr.text == "R+") return make(Kind::interval, {zero, infinity}, "()");
    if (expr.text == "R-") return make(Kind::interval, {make_negative(infinity), zero}, "()");
    if (expr.text == "R*")
      return make(Kind::set_minus, {Expr{Kind::number_set, "R"}, make(Kind::set, {zero})});
  }
  Expr result{expr.kind, expr.text, {}, expr.rows};
  for (const Expr& child : expr.children)
    result.children.push_back(prepared(child, determinants, budget));
  return folded(std::move(result), determinants, budget);
}

}  // namespace cohort::math
