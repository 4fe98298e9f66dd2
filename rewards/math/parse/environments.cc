// Matrices, systems, cases.
#include <algorithm>

#include "rewards/math/parse/parser.h"

namespace cohort::math {

namespace {

struct Brackets {
  const char* name;
  const char* bracket;
};
constexpr Brackets kMatrices[] = {{"pmatrix", "("},    {"bmatrix", "["}, {"vmatrix", "|"},
                                  {"Vmatrix", "|"},    {"matrix", ""},   {"Bmatrix", "("},
                                  {"smallmatrix", ""}, {"array", ""}};

bool is_blank_row(const std::vector<Expr>& row) { return row.empty(); }

}  // namespace

Expr Parser::environment() {
  const Deeper deeper(*this);
  const std::string name = now().name;
  advance();
  for (const Brackets& known : kMatrices)
    if (name == known.name) return matrix(known.bracket);
  return system(name);
}

void Parser::end_environment(const std::string& name) {
  if (!is_command("end") || now().name != name) fail("the end of the environment");
  advance();
}

Expr Parser::matrix(const std::string& bracket) {
  const std::string name = tokens_[at_ - 1].name;
  const Scope outer = scope_;
  const size_t outer_item = item_start_;
  scope_ = {};
  std::vector<std::vector<Expr>> cells = rows(name, name == "array");
  scope_ = outer;
  item_start_ = outer_item;
  end_environment(name);
  const size_t columns = cells.empty() ? 0 : cells.front().size();
  if (columns == 0) fail("a matrix with entries");
  // A system written as an array: conditions, one a row.
  const bool is_system = std::all_of(cells.begin(), cells.end(), [](const auto& row) {
    return row.size() == 1 && row.front().kind == Kind::relation;
  });
  std::vector<Expr> entries;
  for (std::vector<Expr>& row : cells) {
    if (row.size() != columns) fail("rows of the same length");
    std::move(row.begin(), row.end(), std::back_inserter(entries));
  }
  if (is_system)
    return entries.size() == 1 ? std::move(entries.front())
                               : make(Kind::logic, "and", std::move(entries));
  Expr value = make(Kind::matrix, bracket, std::move(entries));
  value.rows = static_cast<int32_t>(cells.size());
  return value;
}

// Cells by row; an empty last row is none.
std::vector<std::vector<Expr>> Parser::rows(const std::string& name, bool statements) {
  std::vector<std::vector<Expr>> cells(1);
  while (!(is_command("end") && now().name == name)) {
    if (is(Tok::end)) fail("the end of the environment");
    if (accept(Tok::row_break)) {
      cells.emplace_back();
      continue;
    }
    cells.back().push_back(statements ? relation() : sets());
    if (accept(Tok::ampersand)) continue;
    if (!is(Tok::row_break) && !is_command("end")) fail("'&', a new row or the end");
  }
  cells.erase(std::remove_if(cells.begin(), cells.end(), is_blank_row), cells.end());
  return cells;
}

// cases, aligned and their kin: rows of conditions are a system; rows of "value & condition" are a
// function by cases.
Expr Parser::system(const std::string& name) {
  const bool cases = name == "cases" || name == "dcases" || name == "rcases";
  static constexpr const char* kAligned[] = {"aligned",  "align",     "gathered",
                                             "gather",   "split",     "eqnarray",
                                             "equation", "alignedat", "multline"};
  const bool aligned = std::any_of(std::begin(kAligned), std::end(kAligned),
                                   [&](const char* known) { return name == known; });
  if (!cases && !aligned) fail("a known environment");
  const Scope outer = scope_;
  const size_t outer_item = item_start_;
  scope_ = {};
  std::vector<Expr> conditions_list, branches;
  while (!(is_command("end") && now().name == name)) {
    if (is(Tok::end)) fail("the end of the environment");
    if (accept(Tok::row_break) || accept(Tok::comma) || accept(Tok::semicolon)) continue;
    if (!cases) {
      conditions_list.push_back(relation());
      continue;
    }
    Expr value = relation();
    accept(Tok::comma);
    if (!is(Tok::ampersand) && !is_separator_text()) {
      conditions_list.push_back(std::move(value));
      continue;
    }
    while (is(Tok::ampersand) || is_separator_text() || is(Tok::comma)) advance();
    branches.push_back(std::move(value));
    branches.push_back(conditions());
  }
  scope_ = outer;
  item_start_ = outer_item;
  end_environment(name);
  if (!branches.empty()) {
    if (!conditions_list.empty()) fail("a condition in every row");
    return make(Kind::function, "cases", std::move(branches));
  }
  if (conditions_list.empty()) fail("a row");
  if (conditions_list.size() == 1) return std::move(conditions_list.front());
  const bool all = std::all_of(conditions_list.begin(), conditions_list.end(),
                               [](const Expr& e) { return e.kind == Kind::relation; });
  return all ? make(Kind::logic, "and", std::move(conditions_list))
             : make(Kind::list, "", std::move(conditions_list));
}

}  // namespace cohort::math
