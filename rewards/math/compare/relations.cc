// Equations, inequalities, congruences.
#include <algorithm>

#include "rewards/math/compare/algebra.h"
#include "rewards/math/compare/comparer.h"
#include "rewards/math/compare/domain.h"
#include "rewards/math/compare/normalize.h"
#include "rewards/math/compare/tree.h"

namespace cohort::math {

namespace {

Expr minus(const Expr& a, const Expr& b) { return make(Kind::add, {a, make_negative(b)}); }

// The part of a monomial that variables make, and the rest.
bool depends(const Algebra& algebra, const Factor& factor) {
  const Atom& atom = algebra.atom(factor.atom);
  return atom.kind == AtomKind::symbol ||
         std::ranges::any_of(atom.args,
                             [&](const Poly& arg) { return algebra.has_symbols(arg); }) ||
         (atom.kind == AtomKind::function && atom.name.starts_with('@'));
}

Monomial variables(const Algebra& algebra, const Monomial& monomial) {
  Monomial result;
  for (const Factor& factor : monomial)
    if (depends(algebra, factor)) result.push_back(factor);
  return result;
}

// The form of l - r = 0 without denominators, nor variables in all of them.
Poly equation_form(Algebra& algebra, const Expr& left, const Expr& right) {
  Normalizer normalize(algebra, Reading{});
  const Expr difference = minus(left, right);
  Poly form = algebra.cleared(normalize(difference));
  for (;;) {
    std::optional<Factor> lowest;
    for (const Term& term : form.terms)
      for (const Factor& factor : term.monomial)
        if (factor.power.num < 0 && depends(algebra, factor) && !lowest) lowest = factor;
    if (!lowest) return form;
    Poly denominator;
    const int64_t whole = -lowest->power.floor();
    denominator.terms.push_back({Rational(1), {{lowest->atom, Exponent{whole, 1}}}});
    form = algebra.cleared(algebra.multiply(form, denominator));
  }
}

// The coefficient (of closed atoms) of one monomial in variables.
Poly coefficient(Algebra& algebra, const Poly& form, const Monomial& of) {
  Poly result;
  for (const Term& term : form.terms) {
    if (variables(algebra, term.monomial) != of) continue;
    Poly rest;
    rest.terms.push_back({term.coefficient, {}});
    for (const Factor& factor : term.monomial)
      if (!depends(algebra, factor)) rest.terms[0].monomial.push_back(factor);
    result = algebra.add(result, rest);
  }
  return result;
}

// c with a = c b, c closed and not 0; nothing when there is none.
struct Proportion {
  Poly numerator, denominator;
};
std::optional<Proportion> proportion(Algebra& algebra, const Poly& a, const Poly& b) {
  if (a.terms.empty() || b.terms.empty()) return std::nullopt;
  const Monomial lead = variables(algebra, a.terms.back().monomial);
  Poly p = coefficient(algebra, a, lead), q = coefficient(algebra, b, lead);
  if (algebra.is_zero(p) || algebra.is_zero(q)) return std::nullopt;
  const Poly rest = algebra.subtract(algebra.multiply(a, q), algebra.multiply(b, p));
  if (!algebra.is_zero(rest)) return std::nullopt;
  return Proportion{std::move(p), std::move(q)};
}

bool only(const Expr& relation, std::string_view operators) {
  return relation.text.find_first_not_of(operators) == std::string::npos;
}

struct Less {
  const Expr* left;
  const Expr* right;
  bool strict;
};

// The pairs of a chain, each as left < right or left <= right.
std::vector<Less> pairs_of(const Expr& chain) {
  std::vector<Less> result;
  for (size_t i = 0; i + 1 < chain.children.size(); ++i) {
    const char op = chain.text[i];
    const Expr* left = &chain.children[i];
    const Expr* right = &chain.children[i + 1];
    if (op == '>' || op == 'g') std::swap(left, right);
    result.push_back({left, right, op == '<' || op == '>'});
  }
  return result;
}

}  // namespace

Comparison Comparer::equations(const Expr& gold, const Expr& answer) {
  Algebra algebra(budget_);
  try {
    const Poly a = equation_form(algebra, gold.children[0], gold.children[1]);
    const Poly b = equation_form(algebra, answer.children[0], answer.children[1]);
    if (!algebra.has_symbols(a) && !contains(gold, Kind::apply))
      return different(Reason::different_value, Tier::normal_form);
    if (proportion(algebra, a, b)) {
      const Expr left = minus(gold.children[0], gold.children[1]);
      const Expr right = minus(answer.children[0], answer.children[1]);
      if (same_domain(left, right, Reading{}, budget_) == SameDomain::yes)
        return equal_by(Tier::normal_form);
      return different(Reason::different_value, Tier::ball);
    }
    const bool sure = algebra.proves_difference(a) && algebra.proves_difference(b);
    return different(sure ? Reason::different_value : Reason::not_simplifiable, Tier::normal_form);
  } catch (const Undefined&) {
    return different(Reason::different_value, Tier::normal_form);
  } catch (const NoScalar&) {
  }
  // Equations of points, vectors or words: side by side.
  for (const bool swapped : {false, true}) {
    const Comparison left = match(gold.children[0], answer.children[swapped ? 1 : 0]);
    const Comparison right = match(gold.children[1], answer.children[swapped ? 0 : 1]);
    if (left.equal && right.equal) return equal_by(std::max(left.tier, right.tier));
  }
  return different(Reason::different_value);
}

Comparison Comparer::inequalities(const Expr& gold, const Expr& answer) {
  const std::vector<Less> golds = pairs_of(gold);
  std::vector<Less> answers = pairs_of(answer);
  if (golds.size() != answers.size()) return different(Reason::different_count);
  for (const Less& less : golds) {
    bool found = false;
    for (auto candidate = answers.begin(); candidate != answers.end() && !found; ++candidate) {
      if (candidate->strict != less.strict) continue;
      Algebra algebra(budget_);
      try {
        // Only closed factors may be cleared: the sign of others is not known.
        Normalizer normalize(algebra, Reading{});
        const Poly a = normalize(minus(*less.left, *less.right));
        const Poly b = normalize(minus(*candidate->left, *candidate->right));
        const auto factor = proportion(algebra, a, b);
        if (!factor) continue;
        const auto p = factor->numerator.constant(), q = factor->denominator.constant();
        found = p && q && p->sign() == q->sign();
      } catch (const Undefined&) {
      } catch (const NoScalar&) {
        found = match(*less.left, *candidate->left).equal &&
                match(*less.right, *candidate->right).equal;
      }
      if (found) {
        answers.erase(candidate);
        break;
      }
    }
    if (!found) return different(Reason::different_value, Tier::normal_form);
  }
  return equal_by(Tier::normal_form);
}

// a = r mod m: residues that differ by a multiple of m; for a gold, also the residue alone.
Comparer::Maybe Comparer::congruences(const Expr& gold, const Expr& answer) {
  const auto residue = [&](const Expr& expr) -> const Expr* {
    if (expr.kind != Kind::relation || expr.text != "c") return nullptr;
    const Expr& right = expr.children[1];
    return right.kind == Kind::function && right.text == "mod" && right.children.size() == 2
               ? &right
               : nullptr;
  };
  const Expr* a = residue(gold);
  const Expr* b = residue(answer);
  if (a == nullptr && b == nullptr) return std::nullopt;
  if (a != nullptr && b != nullptr) {
    const Comparison names = match(gold.children[0], answer.children[0]);
    if (!names.equal) return names;
    const auto r = exact_value(a->children[0], budget_), s = exact_value(b->children[0], budget_);
    const auto m = exact_value(a->children[1], budget_), n = exact_value(b->children[1], budget_);
    if (!r || !s || !m || !n || m->is_zero()) return std::nullopt;
    const bool same = *m == *n && ((*r - *s) / *m).is_integer();
    return same ? equal_by(Tier::exact) : different(Reason::different_value, Tier::exact);
  }
  // A class of numbers does not answer for one of them.
  if (a == nullptr) return different(Reason::different_kind);
  if (!is_name(gold.children[0])) return std::nullopt;
  return match(a->children[0], answer);
}

Comparer::Maybe Comparer::relations(const Expr& gold, const Expr& answer) {
  if (gold.kind != Kind::relation && answer.kind != Kind::relation) return std::nullopt;
  // "x in S" is S.
  const auto member = [](const Expr& expr) {
    return expr.kind == Kind::relation && expr.text == "e" && is_name(expr.children[0]);
  };
  if (member(gold) && member(answer)) {
    const Comparison names = match(gold.children[0], answer.children[0]);
    return names.equal ? match(gold.children[1], answer.children[1]) : names;
  }
  if (member(gold)) return match(gold.children[1], answer);
  if (member(answer)) return match(gold, answer.children[1]);
  if (auto result = congruences(gold, answer)) return result;
  // What `solutions` left: chains without a name, and equations.
  if (answer.kind != Kind::relation) {
    const auto chain = assigned(gold, true, budget_);
    if (!chain) return std::nullopt;
    Comparison result = different(Reason::different_value);
    for (const Expr* value : chain->values) {
      const Comparison again = match(*value, answer);
      if (again.equal) return again;
      if (value == chain->values[0]) result = again;
    }
    return result;
  }
  if (gold.kind != Kind::relation) {
    const auto chain = assigned(answer, false, budget_);
    if (!chain) return std::nullopt;
    Comparison result = different(Reason::different_value);
    for (const Expr* value : chain->values) {
      const Comparison again = match(gold, *value);
      if (again.equal) return again;
      if (value == chain->values[0]) result = again;
    }
    return result;
  }
  const bool two = gold.children.size() == 2 && answer.children.size() == 2;
  if (only(gold, "=") && only(answer, "=")) {
    if (two) return equations(gold, answer);
    if (gold.children.size() != answer.children.size()) return different(Reason::different_count);
    return unordered(gold.children, answer.children);
  }
  if (only(gold, "<>lg") && only(answer, "<>lg")) {
    const auto a = solved_set(gold), b = solved_set(answer);
    if (a && b) return std::nullopt;  // as sets
    if (a) return different(Reason::different_kind);
    return inequalities(gold, answer);
  }
  if (gold.text == answer.text && gold.text != "!") return ordered(gold.children, answer.children);
  if (two && gold.text == "!" && answer.text == "!") return equations(gold, answer);
  return std::nullopt;
}

}  // namespace cohort::math
