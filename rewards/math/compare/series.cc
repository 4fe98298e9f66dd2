// Infinite sums that have a value.
#include "rewards/math/compare/normalize.h"

namespace cohort::math {

Poly Normalizer::at(const Expr& body, const std::string& name, Poly value) {
  bound_.emplace_back(name, std::move(value));
  Poly result = scalar(body);
  bound_.pop_back();
  return result;
}

// Of a body b with b(k+1) = r b(k) for a number r: b(from) / (1 - r), where |r| < 1.
std::optional<Poly> Normalizer::series(const Expr& body, const std::string& name, int64_t from) {
  if (body.kind == Kind::add) {
    Poly result;
    for (const Expr& child : body.children) {
      const auto part = series(child, name, from);
      if (!part) return std::nullopt;
      result = algebra_.add(result, *part);
    }
    return result;
  }
  if (body.kind == Kind::negate) {
    const auto part = series(body.children[0], name, from);
    return part ? std::optional(algebra_.negate(*part)) : std::nullopt;
  }
  const Poly k = algebra_.symbol("#" + std::to_string(bound_.size()));
  const Poly first = at(body, name, Algebra::number(from));
  if (algebra_.is_zero(first)) return std::nullopt;
  const Poly second = at(body, name, Algebra::number(from + 1));
  const auto ratio = algebra_.divide(second, first).constant();
  if (!ratio || ratio->abs() >= Rational(1)) return std::nullopt;
  const Poly next = at(body, name, algebra_.add(k, Algebra::number(1)));
  if (!algebra_.is_zero(algebra_.subtract(next, algebra_.scale(at(body, name, k), *ratio))))
    return std::nullopt;
  return algebra_.scale(first, (Rational(1) - *ratio).inverse());
}

}  // namespace cohort::math
