// Values of named quantities: "x = 5", "x = 1 or x = 2", "p=5,q=2;p=7,q=2", "(p,q) = (3,2)".
#include <algorithm>
#include <map>

#include "rewards/math/compare/comparer.h"
#include "rewards/math/compare/tree.h"

namespace cohort::math {

namespace {

using Row = std::vector<std::pair<Expr, Expr>>;  // names with values

// "x=1", "(x,y)=(1,2)", "x=1, y=2".
std::optional<Row> row_of(const Expr& expr, bool trusted, Budget& budget) {
  if (expr.kind == Kind::relation) {
    const auto chain = assigned(expr, trusted, budget);
    if (!chain || chain->name == nullptr || chain->name->kind == Kind::choice) return std::nullopt;
    const Expr& name = *chain->name;
    const Expr& value = *chain->values[0];
    if (name.kind != Kind::tuple) return Row{{name, value}};
    if (value.kind != Kind::tuple || value.children.size() != name.children.size())
      return std::nullopt;
    Row row;
    for (size_t i = 0; i < name.children.size(); ++i)
      row.emplace_back(name.children[i], value.children[i]);
    return row;
  }
  if (expr.kind != Kind::list && (expr.kind != Kind::logic || expr.text != "and"))
    return std::nullopt;
  Row result;
  for (const Expr& child : expr.children) {
    auto part = row_of(child, trusted, budget);
    if (!part) return std::nullopt;
    std::ranges::move(*part, std::back_inserter(result));
  }
  return result;
}

std::vector<Expr> names_of(const Row& row) {
  std::vector<Expr> names;
  for (const auto& [name, value] : row)
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  return names;
}

// The row's values in the order of `names`; nothing when it names others, or one twice.
std::optional<std::vector<Expr>> values_in_order(const Row& row, const std::vector<Expr>& names) {
  if (row.size() != names.size()) return std::nullopt;
  std::vector<Expr> values;
  for (const Expr& name : names) {
    const auto found =
        std::ranges::find_if(row, [&](const auto& entry) { return entry.first == name; });
    if (found == row.end()) return std::nullopt;
    values.push_back(found->second);
  }
  return values;
}

// x = 1, y = 2, x = 3, y = 4: a row whenever all names have come.
std::optional<std::vector<Row>> rows_in_turn(const Row& all, size_t names) {
  if (all.size() % names != 0) return std::nullopt;
  std::vector<Row> rows;
  for (size_t start = 0; start < all.size(); start += names)
    rows.emplace_back(all.begin() + static_cast<int64_t>(start),
                      all.begin() + static_cast<int64_t>(start + names));
  return rows;
}

bool spread_signs(Solutions& solutions) {
  std::vector<std::vector<Expr>> rows;
  for (auto& row : solutions.rows) {
    // Lists and sets of values of one name are rows.
    if (row.size() == 1 && (row[0].kind == Kind::list || row[0].kind == Kind::set)) {
      for (Expr& value : row[0].children)
        for (Expr& one : expand_signs(value)) rows.push_back({std::move(one)});
      continue;
    }
    for (Expr& one : expand_signs(make(Kind::tuple, std::move(row))))
      rows.push_back(std::move(one.children));
  }
  solutions.rows = std::move(rows);
  return !solutions.rows.empty();
}

// x_1 = 1, x_2 = 4 are values of x, where the other side says x.
void drop_indices(Solutions& solutions, const Solutions& other) {
  if (solutions.rows.size() != 1 || solutions.names.size() < 2 || other.names.size() != 1 ||
      other.rows.size() < 2 || other.names[0].kind != Kind::symbol)
    return;
  const std::string stem = other.names[0].text + "_";
  for (size_t i = 0; i < solutions.names.size(); ++i) {
    const bool indexed = std::ranges::any_of(solutions.names, [&](const Expr& name) {
      return name == Expr{Kind::symbol, stem + std::to_string(i + 1)};
    });
    if (!indexed) return;
  }
  std::vector<std::vector<Expr>> rows;
  for (Expr& value : solutions.rows[0]) rows.push_back({std::move(value)});
  solutions = {other.names, std::move(rows)};
}

Expr renamed(const Expr& expr, const std::string& from, const std::string& to) {
  Expr result = expr;
  if (result.kind == Kind::symbol && result.text == from) result.text = to;
  for (Expr& child : result.children) child = renamed(child, from, to);
  return result;
}

// f(x) of one variable.
bool is_function_of_one(const Expr& name) {
  return name.kind == Kind::apply && name.children.size() == 1 &&
         name.children[0].kind == Kind::symbol;
}

// f(t) = t^2 is said of f, whatever its argument's name; y = 2x is f(x) = 2x.
void same_argument(const Solutions& gold, Solutions& answer) {
  if (gold.names.size() != 1 || answer.names.size() != 1 || gold.rows.size() != 1 ||
      answer.rows.size() != 1 || gold.names[0] == answer.names[0])
    return;
  const Expr& name = gold.names[0];
  Expr& other = answer.names[0];
  Expr& value = answer.rows[0][0];
  if (is_function_of_one(name) && is_function_of_one(other)) {
    const std::string to = name.children[0].text, from = other.children[0].text;
    if (name.text != other.text || contains(value, name.children[0])) return;
    value = renamed(value, from, to);
    other = name;
    return;
  }
  const Expr y{Kind::symbol, "y"};
  const auto is_graph = [&](const Expr& function, const Expr& letter) {
    return is_function_of_one(function) && letter == y && function.children[0] != y &&
           contains(gold.rows[0][0], function.children[0]);
  };
  if (is_graph(name, other) || is_graph(other, name)) other = name;
}

}  // namespace

std::optional<Solutions> Comparer::solutions_of(const Expr& expr, bool trusted) {
  const bool several = expr.kind == Kind::list || expr.kind == Kind::logic;
  if (!several && expr.kind != Kind::relation) return std::nullopt;
  std::vector<const Expr*> items;
  if (several) {
    for (const Expr& child : expr.children) items.push_back(&child);
  } else {
    items.push_back(&expr);
  }
  Solutions result;
  const auto first = row_of(*items[0], trusted, budget_);
  if (!first) return std::nullopt;
  result.names = names_of(*first);
  // "a = 4, -8, -10", "(x, y) = (1, 2), (3, 4)": the name is said once.
  const bool said_once =
      items.size() > 1 && std::none_of(items.begin() + 1, items.end(), [](const Expr* item) {
        return contains(*item, Kind::relation);
      });
  if (said_once) {
    std::vector<Expr> row;
    for (const auto& [name, value] : *first) row.push_back(value);
    result.rows.push_back(std::move(row));
    for (auto item = items.begin() + 1; item != items.end(); ++item) {
      if (result.names.size() == 1) {
        result.rows.push_back({**item});
      } else if ((*item)->kind == Kind::tuple && (*item)->children.size() == result.names.size()) {
        result.rows.push_back((*item)->children);
      } else {
        return std::nullopt;
      }
    }
    if (!spread_signs(result)) return std::nullopt;
    return result;
  }
  std::vector<Row> rows;
  bool single = true;
  for (const Expr* item : items) {
    auto row = row_of(*item, trusted, budget_);
    if (!row) return std::nullopt;
    single &= row->size() == 1;
    rows.push_back(std::move(*row));
  }
  if (single && items.size() > 1) {
    Row all;
    for (const Row& row : rows) all.push_back(row[0]);
    result.names = names_of(all);
    const bool either = expr.kind == Kind::logic && expr.text == "or";
    if (either && result.names.size() > 1) return std::nullopt;
    auto turns = rows_in_turn(all, result.names.size());
    if (!turns) return std::nullopt;
    rows = std::move(*turns);
  }
  for (const Row& row : rows) {
    auto group = rows_in_turn(row, result.names.size());
    if (!group) return std::nullopt;
    for (const Row& part : *group) {
      auto values = values_in_order(part, result.names);
      if (!values) return std::nullopt;
      result.rows.push_back(std::move(*values));
    }
  }
  if (!spread_signs(result)) return std::nullopt;
  return result;
}

Comparison Comparer::same_solutions(const Solutions& gold, const Solutions& answer) {
  if (gold.names.size() != answer.names.size()) return different(Reason::different_count);
  std::vector<size_t> place;
  for (const Expr& name : gold.names) {
    size_t found = 0;
    while (found < answer.names.size() && !match(name, answer.names[found]).equal) ++found;
    if (found == answer.names.size()) return different(Reason::different_kind);
    place.push_back(found);
  }
  std::vector<Expr> golds, answers;
  const auto row_of_values = [](std::vector<Expr> values) {
    return values.size() == 1 ? std::move(values[0]) : make(Kind::tuple, std::move(values));
  };
  for (const auto& row : gold.rows) golds.push_back(row_of_values(row));
  for (const auto& row : answer.rows) {
    std::vector<Expr> values;
    for (const size_t i : place) values.push_back(row[i]);
    answers.push_back(row_of_values(std::move(values)));
  }
  if (golds.size() == 1 && answers.size() == 1) return match(golds[0], answers[0]);
  if (golds.size() == 1) return different(Reason::several_answers);
  return unordered(golds, answers);
}

Comparison Comparer::unnamed(const Solutions& named, const Expr& bare, bool gold_is_named) {
  const auto judge = [&](const Expr& value, const Expr& other) {
    return gold_is_named ? match(value, other) : match(other, value);
  };
  std::vector<size_t> places(named.names.size());
  for (size_t i = 0; i < places.size(); ++i) places[i] = i;
  // A gold without names has them in their usual order.
  if (!gold_is_named && std::ranges::all_of(named.names, [](const Expr& name) {
        return name.kind == Kind::symbol && name.text.size() == 1;
      }))
    std::ranges::sort(places, {}, [&](size_t i) { return named.names[i].text; });
  std::vector<Expr> rows;
  for (const auto& row : named.rows) {
    std::vector<Expr> values;
    for (const size_t i : places) values.push_back(row[i]);
    rows.push_back(values.size() == 1 ? std::move(values[0])
                                      : make(Kind::tuple, std::move(values)));
  }
  if (rows.size() == 1) return judge(rows[0], bare);
  // Several values of one name have no order: they are no pair.
  const bool numbers = named.names.size() == 1 && std::ranges::all_of(rows, is_scalar);
  return judge(make(numbers ? Kind::set : Kind::list, std::move(rows)), bare);
}

Comparer::Maybe Comparer::solutions(const Expr& gold, const Expr& answer) {
  auto a = solutions_of(gold, true);
  auto b = solutions_of(answer, false);
  if (!a && !b) return std::nullopt;
  // "x in {2, 3}" is the values of x.
  if (a && !b && a->names.size() == 1 && answer.kind == Kind::relation && answer.text == "e" &&
      answer.children[1].kind == Kind::set) {
    const Comparison names = match(a->names[0], answer.children[0]);
    return names.equal ? unnamed(*a, answer.children[1], true) : names;
  }
  if (a && b) {
    drop_indices(*a, *b);
    drop_indices(*b, *a);
    same_argument(*a, *b);
  }
  const auto closed = [](const Solutions& solutions) {
    return std::ranges::all_of(solutions.rows,
                               [](const auto& row) { return std::ranges::all_of(row, is_closed); });
  };
  const auto names_relations = [](const Expr& expr) {
    return expr.kind == Kind::relation || expr.kind == Kind::logic ||
           (expr.kind == Kind::list && contains(expr, Kind::relation));
  };
  if (a && b) {
    const Comparison result = same_solutions(*a, *b);
    if (result.equal || closed(*a)) return result;
    return std::nullopt;  // y = 2x + 3 is an equation, too
  }
  if (a) {
    if (names_relations(answer)) {
      // The gold is solved, the answer is not.
      if (closed(*a)) return different(Reason::different_kind);
      return std::nullopt;
    }
    Comparison result = unnamed(*a, answer, true);
    if (result.equal || gold.kind != Kind::relation) return result;
    // sqrt(2) = 1.41: what else it is said to be.
    const auto chain = assigned(gold, true, budget_);
    for (const Expr* value : chain->values)
      if (const Comparison again = match(*value, answer); again.equal) return again;
    return result;
  }
  if (names_relations(gold)) return std::nullopt;
  return unnamed(*b, gold, false);
}

}  // namespace cohort::math
