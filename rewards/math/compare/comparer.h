// The rules by kind of answer. `match` dispatches; each rule says nothing when it does not cover
// the pair.
#pragma once

#include <optional>
#include <vector>

#include "rewards/math/budget.h"
#include "rewards/math/compare/compare.h"
#include "rewards/math/compare/scalar.h"
#include "rewards/math/expr.h"

namespace cohort::math {

inline Comparison equal_by(Tier tier) { return {true, Reason::ok, tier}; }
inline Comparison different(Reason reason, Tier tier = Tier::structure) {
  return {false, reason, tier};
}

// What is said of named quantities: "x = 1 or x = 2" is the rows 1 and 2 of x, "p=5,q=2;p=7,q=2"
// those of p and q.
struct Solutions {
  std::vector<Expr> names;
  std::vector<std::vector<Expr>> rows;  // one value a name
};

class Comparer {
 public:
  explicit Comparer(Budget& budget) : budget_(budget) {}

  Comparison match(const Expr& gold, const Expr& answer);

 private:
  using Maybe = std::optional<Comparison>;

  Comparison scalars(const Expr& gold, const Expr& answer);
  Maybe words(const Expr& gold, const Expr& answer) const;
  Maybe worded_lists(const Expr& gold, const Expr& answer);
  Maybe choices(const Expr& gold, const Expr& answer);
  Maybe points_at_infinity(const Expr& gold, const Expr& answer) const;

  // quantities.cc
  Maybe quantities(const Expr& gold, const Expr& answer);

  // collections.cc
  Maybe collections(const Expr& gold, const Expr& answer);
  Comparison ordered(const std::vector<Expr>& gold, const std::vector<Expr>& answer);
  Comparison unordered(const std::vector<Expr>& gold, const std::vector<Expr>& answer);
  Maybe matrices(const Expr& gold, const Expr& answer);
  Maybe ratios(const Expr& gold, const Expr& answer);

  // ranges.cc
  Maybe ranges(const Expr& gold, const Expr& answer);
  Maybe letter_lists(const Expr& gold, const Expr& answer);

  // solutions.cc
  std::optional<Solutions> solutions_of(const Expr& expr, bool trusted);
  Maybe solutions(const Expr& gold, const Expr& answer);
  Comparison same_solutions(const Solutions& gold, const Solutions& answer);
  // Rows against an answer (or gold) that does not name what it gives.
  Comparison unnamed(const Solutions& named, const Expr& bare, bool gold_is_named);

  // relations.cc
  Maybe relations(const Expr& gold, const Expr& answer);
  Comparison equations(const Expr& gold, const Expr& answer);
  Comparison inequalities(const Expr& gold, const Expr& answer);
  Maybe congruences(const Expr& gold, const Expr& answer);

  // sets.cc
  Maybe sets(const Expr& gold, const Expr& answer);
  // By their members, cell by cell; nothing when the ends cannot be sorted.
  std::optional<bool> same_members(const Expr& gold, const Expr& answer);

  Budget& budget_;
};

// The set that inequalities in solved form say: "1 < x < 2" the interval. Nothing for others.
struct SolvedSet {
  Expr subject;
  Expr set;
};
std::optional<SolvedSet> solved_set(const Expr& condition);

// 1 for infinity, -1 for minus infinity, else 0.
int infinity_sign(const Expr& expr);

// Sums, products and powers of matrices worked out, where wanted determinants too; words that mean
// a value replaced by it. The tree itself when nothing is to be done.
Expr prepared(const Expr& expr, bool determinants, Budget& budget);
bool has_determinants(const Expr& expr);

// C(10, 3), P(10, 3) and C_{10}^3 as numbers of combinations and permutations. For a side whose
// other side is a scalar without such letters: elsewhere C(10, 3) is a point.
Expr with_combinations(const Expr& expr, const Budget& budget);

}  // namespace cohort::math
