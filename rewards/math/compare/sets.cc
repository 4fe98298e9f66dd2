// Sets of real numbers: intervals, their unions and differences, and inequalities in solved form.
#include <algorithm>

#include "rewards/math/compare/comparer.h"
#include "rewards/math/compare/tree.h"

namespace cohort::math {

namespace {

Expr infinite(bool negative) {
  Expr infinity{Kind::constant, "inf"};
  return negative ? make_negative(std::move(infinity)) : infinity;
}

bool is_end(const Expr& expr) {
  return infinity_sign(expr) != 0 || (is_scalar(expr) && is_closed(expr));
}

std::optional<SolvedSet> solved_pair(const Expr& left, char op, const Expr& right) {
  if (is_end(left) && !is_end(right)) {
    static constexpr std::string_view kOps = "<>lg!=", kFlipped = "><gl!=";
    const size_t i = kOps.find(op);
    if (i == std::string_view::npos) return std::nullopt;
    return solved_pair(right, kFlipped[i], left);
  }
  if (!is_end(right) || is_closed(left) || !is_name(left)) return std::nullopt;
  switch (op) {
    case '<':
    case 'l':
      return SolvedSet{left,
                       make(Kind::interval, {infinite(true), right}, op == '<' ? "()" : "(]")};
    case '>':
    case 'g':
      return SolvedSet{left,
                       make(Kind::interval, {right, infinite(false)}, op == '>' ? "()" : "[)")};
    case '!':
      return SolvedSet{
          left, make(Kind::set_minus, {Expr{Kind::number_set, "R"}, make(Kind::set, {right})})};
    case '=':
      return SolvedSet{left, make(Kind::set, {right})};
    default:
      return std::nullopt;
  }
}

bool is_finite_set(const Expr& expr) {
  return expr.kind == Kind::set && std::ranges::all_of(expr.children, is_scalar);
}

// Set notation, whatever the other side; a pair may be an open interval.
bool is_set(const Expr& expr) {
  switch (expr.kind) {
    case Kind::interval:
    case Kind::unite:
    case Kind::intersect:
    case Kind::set_minus:
    case Kind::number_set:
    case Kind::empty_set:
    case Kind::set_where:
      return true;
    default:
      return false;
  }
}

// The set of { x | condition in solved form }.
std::optional<Expr> described(const Expr& expr) {
  const Expr* element = &expr.children[0];
  if (element->kind == Kind::relation && element->text == "e") {
    if (element->children[1] != Expr{Kind::number_set, "R"}) return std::nullopt;
    element = &element->children[0];
  }
  const auto solved = solved_set(expr.children[1]);
  if (!solved || solved->subject != *element) return std::nullopt;
  return solved->set;
}

struct UnknownSet {};

// A line cut at all ends of two sets: cell 2k+1 is the k-th end, the even ones lie between.
class Line {
 public:
  explicit Line(Budget& budget) : budget_(budget) {}

  void cut(const Expr& set) {
    budget_.step();
    switch (set.kind) {
      case Kind::tuple:
        // A point with falling coordinates is no empty interval.
        if (set.children.size() != 2 || !rises(set.children[0], set.children[1]))
          throw UnknownSet{};
        [[fallthrough]];
      case Kind::interval:
      case Kind::set:
        for (const Expr& end : set.children)
          if (infinity_sign(end) == 0) place(end);
        return;
      case Kind::unite:
      case Kind::intersect:
      case Kind::set_minus:
        for (const Expr& child : set.children) cut(child);
        return;
      case Kind::number_set:
        if (set.text != "R") throw UnknownSet{};
        return;
      case Kind::empty_set:
        return;
      default:
        throw UnknownSet{};
    }
  }

  size_t cells() const { return 2 * ends_.size() + 1; }

  bool has(const Expr& set, size_t cell) const {
    const auto in = [&](const Expr& child) { return has(child, cell); };
    switch (set.kind) {
      case Kind::interval:
        return between(set.children[0], set.children[1], set.text[0] == '[', set.text[1] == ']',
                       cell);
      case Kind::tuple:
        return between(set.children[0], set.children[1], false, false, cell);
      case Kind::set:
        return std::ranges::any_of(set.children,
                                   [&](const Expr& end) { return position(end) == cell; });
      case Kind::unite:
        return std::ranges::any_of(set.children, in);
      case Kind::intersect:
        return std::ranges::all_of(set.children, in);
      case Kind::set_minus:
        return in(set.children[0]) && !in(set.children[1]);
      case Kind::number_set:
        return true;
      default:
        return false;
    }
  }

 private:
  struct End {
    std::vector<const Expr*> same;
  };

  bool rises(const Expr& low, const Expr& high) const {
    if (infinity_sign(low) != 0 || infinity_sign(high) != 0)
      return infinity_sign(low) < infinity_sign(high) || infinity_sign(high) > 0;
    return order(low, high, budget_) == -1;
  }

  void place(const Expr& end) {
    if (!is_scalar(end) || !is_closed(end)) throw UnknownSet{};
    auto before = ends_.begin();
    for (; before != ends_.end(); ++before) {
      const auto sign = order(end, *before->same[0], budget_);
      if (!sign) throw UnknownSet{};
      if (*sign == 0) {
        before->same.push_back(&end);
        return;
      }
      if (*sign < 0) break;
    }
    ends_.insert(before, End{{&end}});
  }

  size_t position(const Expr& end) const {
    for (size_t k = 0; k < ends_.size(); ++k)
      if (std::ranges::find(ends_[k].same, &end) != ends_[k].same.end()) return 2 * k + 1;
    throw UnknownSet{};
  }

  bool between(const Expr& low, const Expr& high, bool with_low, bool with_high,
               size_t cell) const {
    const int low_sign = infinity_sign(low), high_sign = infinity_sign(high);
    if (low_sign > 0 || high_sign < 0) return false;
    if (low_sign == 0) {
      const size_t at = position(low);
      if (cell < at || (cell == at && !with_low)) return false;
    }
    if (high_sign == 0) {
      const size_t at = position(high);
      if (cell > at || (cell == at && !with_high)) return false;
    }
    return true;
  }

  Budget& budget_;
  std::vector<End> ends_;
};

std::string brackets(const Expr& interval) {
  return interval.kind == Kind::tuple ? "()" : interval.text;
}

// [-inf, 0]: no set of real numbers.
bool has_infinity(const Expr& set) {
  return any_node(set, [](const Expr& node) {
    return (node.kind == Kind::interval &&
            ((node.text[0] == '[' && infinity_sign(node.children[0]) != 0) ||
             (node.text[1] == ']' && infinity_sign(node.children[1]) != 0))) ||
           (node.kind == Kind::set && std::ranges::any_of(node.children, [](const Expr& member) {
              return infinity_sign(member) != 0;
            }));
  });
}

bool is_interval(const Expr& expr) {
  return expr.kind == Kind::interval || (expr.kind == Kind::tuple && expr.children.size() == 2);
}

}  // namespace

std::optional<SolvedSet> solved_set(const Expr& condition) {
  if (condition.kind == Kind::logic) {
    std::optional<SolvedSet> result;
    for (const Expr& child : condition.children) {
      auto part = solved_set(child);
      if (!part || (result && part->subject != result->subject)) return std::nullopt;
      if (!result) {
        result = SolvedSet{part->subject,
                           make(condition.text == "or" ? Kind::unite : Kind::intersect, {})};
      }
      result->set.children.push_back(std::move(part->set));
    }
    return result;
  }
  if (condition.kind != Kind::relation) return std::nullopt;
  if (condition.children.size() == 2)
    return solved_pair(condition.children[0], condition.text[0], condition.children[1]);
  if (condition.children.size() != 3) return std::nullopt;
  const std::string& ops = condition.text;
  const bool up = ops.find_first_not_of("<l") == std::string::npos;
  const bool down = ops.find_first_not_of(">g") == std::string::npos;
  const Expr& subject = condition.children[1];
  if ((!up && !down) || !is_end(condition.children[0]) || !is_end(condition.children[2]) ||
      is_closed(subject) || !is_name(subject))
    return std::nullopt;
  const bool first_strict = ops[0] == '<' || ops[0] == '>';
  const bool last_strict = ops[1] == '<' || ops[1] == '>';
  const auto text = [](bool low_strict, bool high_strict) {
    return std::string(low_strict ? "(" : "[") + (high_strict ? ")" : "]");
  };
  if (up) {
    return SolvedSet{subject, make(Kind::interval, {condition.children[0], condition.children[2]},
                                   text(first_strict, last_strict))};
  }
  return SolvedSet{subject, make(Kind::interval, {condition.children[2], condition.children[0]},
                                 text(last_strict, first_strict))};
}

std::optional<bool> Comparer::same_members(const Expr& gold, const Expr& answer) {
  try {
    Line line(budget_);
    line.cut(gold);
    line.cut(answer);
    for (size_t cell = 0; cell < line.cells(); ++cell) {
      budget_.step();
      if (line.has(gold, cell) != line.has(answer, cell)) return false;
    }
    return true;
  } catch (const UnknownSet&) {
    return std::nullopt;
  }
}

Comparer::Maybe Comparer::sets(const Expr& gold, const Expr& answer) {
  const auto is_condition = [](const Expr& expr) {
    return expr.kind == Kind::relation || expr.kind == Kind::logic;
  };
  if (is_condition(gold)) {
    const auto a = solved_set(gold);
    if (!a) {
      if (gold.kind == Kind::logic && answer.kind == Kind::logic && gold.text == answer.text)
        return unordered(gold.children, answer.children);
      return std::nullopt;
    }
    if (is_condition(answer)) {
      const auto b = solved_set(answer);
      if (!b) return std::nullopt;
      const Comparison subjects = match(a->subject, b->subject);
      return subjects.equal ? sets(a->set, b->set) : subjects;
    }
    return sets(a->set, answer);
  }
  // An inequality may be the problem itself: it does not answer for a set.
  if (is_condition(answer)) return std::nullopt;
  if (!is_set(gold) && !is_set(answer)) {
    if (!is_finite_set(gold) || !is_finite_set(answer)) return std::nullopt;
    return unordered(gold.children, answer.children);
  }
  const auto allowed = [](const Expr& expr) {
    return is_set(expr) || is_interval(expr) || is_finite_set(expr);
  };
  if (!allowed(gold) || !allowed(answer)) return std::nullopt;
  if (gold.kind == Kind::set_where || answer.kind == Kind::set_where) {
    const auto plain = [](const Expr& expr) {
      return expr.kind == Kind::set_where ? described(expr) : std::optional(expr);
    };
    const auto a = plain(gold), b = plain(answer);
    if (a && b) return sets(*a, *b);
    if (gold.kind != answer.kind) return different(Reason::not_simplifiable);
    return ordered(gold.children, answer.children);
  }
  if (has_infinity(gold) != has_infinity(answer)) return different(Reason::different_value);
  if (is_interval(gold) && is_interval(answer)) {
    if (brackets(gold) != brackets(answer)) return different(Reason::different_value);
    return ordered(gold.children, answer.children);
  }
  if (const auto same = same_members(gold, answer))
    return *same ? equal_by(Tier::exact) : different(Reason::different_value, Tier::exact);
  if (gold.kind == answer.kind && gold.kind != Kind::number_set && gold.kind != Kind::empty_set) {
    if (gold.kind == Kind::set_minus) return ordered(gold.children, answer.children);
    return unordered(gold.children, answer.children);
  }
  return different(Reason::different_value);
}

}  // namespace cohort::math
