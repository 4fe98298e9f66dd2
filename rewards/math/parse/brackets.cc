// Tuples, intervals, sets, absolute values.
#include "rewards/math/parse/parser.h"

namespace cohort::math {

// Elements parted by ',' or ';', conditions among them joined by and, or.
std::vector<Expr> Parser::elements() {
  std::vector<Expr> list;
  do {
    list.push_back(conditions());
  } while (accept(Tok::comma) || accept(Tok::semicolon));
  return list;
}

Expr Parser::conditions() {
  Expr first = relation();
  if (!is(Tok::and_) && !is(Tok::or_)) return first;
  std::vector<std::vector<Expr>> parts;
  std::vector<Tok> links;
  parts.emplace_back().push_back(std::move(first));
  while (is(Tok::and_) || is(Tok::or_)) {
    links.push_back(now().type);
    advance();
    parts.emplace_back().push_back(relation());
  }
  return joined(std::move(parts), links, false);
}

// (a, b), [a, b), ]a, b[, [a, b, c], (x)
Expr Parser::round_or_square() {
  const Deeper deeper(*this);
  const bool round = is(Tok::open_round);
  const bool of_rows = is(Tok::open_square) && next().type == Tok::open_square;
  const bool open_end = round || is(Tok::close_square);
  advance();
  const Scope outer = scope_;
  const size_t outer_item = item_start_;
  scope_ = {};
  std::vector<Expr> list = elements();
  scope_ = outer;
  item_start_ = outer_item;
  const bool closed_round = is(Tok::close_round);
  const bool closed_open = closed_round || (french_ && is(Tok::open_square));
  if (!closed_open && !is(Tok::close_square)) fail("a closing bracket");
  advance();
  if (list.size() == 1) {
    if (round != closed_round) fail("two ends of an interval");
    return std::move(list.front());
  }
  if (round && closed_round) return make(Kind::tuple, "", std::move(list));
  if (of_rows && !closed_open && !french_) return matrix_of(std::move(list));
  if (list.size() > 2) {
    if (open_end || closed_open) fail("two ends of an interval");
    return make(Kind::tuple, "", std::move(list));
  }
  const std::string ends = std::string(open_end ? "(" : "[") + (closed_open ? ")" : "]");
  return make(Kind::interval, ends, std::move(list));
}

// [[1, 2], [3, 4]]
Expr Parser::matrix_of(std::vector<Expr> rows_list) {
  std::vector<Expr> entries;
  const size_t columns = rows_list.front().children.size();
  for (Expr& row : rows_list) {
    const bool is_row = row.kind == Kind::tuple || (row.kind == Kind::interval && row.text == "[]");
    if (!is_row || row.children.size() != columns) fail("rows of the same length");
    std::move(row.children.begin(), row.children.end(), std::back_inserter(entries));
  }
  Expr value = make(Kind::matrix, "[", std::move(entries));
  value.rows = static_cast<int32_t>(rows_list.size());
  return value;
}

// Braces of TeX: what stands in them.
Expr Parser::braces() {
  const Deeper deeper(*this);
  expect(Tok::open_group, "'{'");
  const Scope outer = scope_;
  const size_t outer_item = item_start_;
  scope_ = {};
  Expr value = statement();
  scope_ = outer;
  item_start_ = outer_item;
  expect(Tok::close_group, "'}'");
  return value;
}

Expr Parser::set() {
  const Deeper deeper(*this);
  advance();
  if (accept(Tok::close_set)) return leaf(Kind::empty_set, "");
  if (is_command("begin")) {
    Expr value = environment();  // \left\{ \begin{array} ... \end{array} \right.
    accept(Tok::close_set);
    return value;
  }
  const Scope outer = scope_;
  const size_t outer_item = item_start_;
  scope_ = {.bars = 1, .colon_ends = true};
  std::vector<Expr> list = elements();
  const bool where = is(Tok::bar) || is(Tok::mid) || is(Tok::colon);
  scope_ = {};
  Expr condition;
  if (where) {
    advance();
    std::vector<Expr> conditions_list = elements();
    condition = conditions_list.size() == 1 ? std::move(conditions_list.front())
                                            : make(Kind::logic, "and", std::move(conditions_list));
  }
  scope_ = outer;
  item_start_ = outer_item;
  expect(Tok::close_set, "'\\}'");
  if (!where) return make(Kind::set, "", std::move(list));
  if (list.size() != 1) fail("one element before the condition of a set");
  return binary(Kind::set_where, "", std::move(list.front()), std::move(condition));
}

Expr Parser::angle_tuple() {
  const Deeper deeper(*this);
  advance();
  const Scope outer = scope_;
  scope_ = {};
  std::vector<Expr> list = elements();
  scope_ = outer;
  expect(Tok::close_angle, "'\\rangle'");
  if (list.size() == 1) return std::move(list.front());
  return make(Kind::tuple, "", std::move(list));
}

Expr Parser::between(Kind kind, Tok close) {
  const Deeper deeper(*this);
  advance();
  const Scope outer = scope_;
  scope_ = {};
  Expr value = sum();
  scope_ = outer;
  expect(close, "a closing bracket");
  return unary(kind, "", std::move(value));
}

// |x|, ||v||, \left| x \right|
Expr Parser::bars() {
  const Deeper deeper(*this);
  const Tok open = now().type;
  advance();
  const Scope outer = scope_;
  scope_ = {.bars = open == Tok::open_bar ? 0 : 1};
  Expr value = sum();
  scope_ = outer;
  expect(open == Tok::open_bar ? Tok::close_bar : open, "'|'");
  return unary(Kind::absolute, "", std::move(value));
}

}  // namespace cohort::math
