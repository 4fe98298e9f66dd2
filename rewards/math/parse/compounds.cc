// Values in several units of one dimension: "5 feet 6 inches", "2h30m", 5'10", 30 degrees 15'.
#include "rewards/math/parse/parser.h"
#include "rewards/math/parse/units.h"

namespace cohort::math {

namespace {

bool is_smaller(const Unit& unit, const Unit& than) {
  return static_cast<double>(unit.numerator) / static_cast<double>(unit.denominator) <
         static_cast<double>(than.numerator) / static_cast<double>(than.denominator);
}

bool is_below(const std::string& digits, int limit) {
  if (digits.size() > 8 || digits[0] == '.') return false;
  return std::stod(digits) < limit;
}

}  // namespace

// Behind "5 feet": "6 inches".
Expr Parser::with_smaller_units(Expr value) {
  const Unit* unit = value.kind == Kind::quantity ? find_unit(value.text) : nullptr;
  if (unit == nullptr || !is(Tok::number)) return value;
  const Expected outer = expected_;
  expected_.dimension = unit->dimension;
  expected_.kind = unit->kind;
  Expr rest = term();
  expected_ = outer;
  const Expr& first = rest.kind == Kind::add ? rest.children.front() : rest;
  const Unit* smaller = first.kind == Kind::quantity ? find_unit(first.text) : nullptr;
  if (smaller == nullptr || smaller->dimension != unit->dimension || smaller->kind != unit->kind ||
      !is_smaller(*smaller, *unit))
    fail("a smaller unit");
  if (rest.kind == Kind::add) {
    rest.children.insert(rest.children.begin(), std::move(value));
    return rest;
  }
  return binary(Kind::add, "", std::move(value), std::move(rest));
}

// The primes from `at` on that belong together: 1 or 2; 0 when there is none. Raised ones count.
size_t Parser::primes_ahead(size_t at) const {
  const auto type = [&](size_t i) { return i < tokens_.size() ? tokens_[i].type : Tok::end; };
  if (type(at) == Tok::caret) {
    const size_t first = at + (type(at + 1) == Tok::open_group ? 2 : 1);
    return type(first) != Tok::prime ? 0 : type(first + 1) == Tok::prime ? 2 : 1;
  }
  return type(at) != Tok::prime ? 0 : type(at + 1) == Tok::prime ? 2 : 1;
}

size_t Parser::take_primes() {
  const size_t primes = primes_ahead(at_);
  const bool braced = accept(Tok::caret) && accept(Tok::open_group);
  at_ += primes;
  if (braced) expect(Tok::close_group, "'}'");
  return primes;
}

// A number with primes: feet and inches, or minutes and seconds where a duration is expected.
// Feet alone only where a length is: "5'" may be a slip.
Expr Parser::in_primes(Expr value) {
  const bool duration = expected_.is_of(kDuration) && !expected_.is_of(kLength);
  const char* larger = duration ? "min" : "ft";
  const char* smaller = duration ? "s" : "in";
  const bool known = duration || (expected_.is_of(kLength) && !expected_.is_of(kDuration));
  const size_t primes = take_primes();
  if (primes == 2) return unary(Kind::quantity, smaller, std::move(value));
  const bool more = is(Tok::number) && primes_ahead(at_ + 1) == 2;
  if (!more) {
    if (!known) fail("a unit");
    return unary(Kind::quantity, larger, std::move(value));
  }
  if (!is_below(now().text, duration ? 60 : 12)) fail("a number of the smaller unit");
  Expr rest = leaf(Kind::number, now().text);
  advance();
  take_primes();
  return binary(Kind::add, "", unary(Kind::quantity, larger, std::move(value)),
                unary(Kind::quantity, smaller, std::move(rest)));
}

// Behind degrees: 30' 15''.
Expr Parser::in_arcminutes(Expr degrees) {
  std::vector<Expr> parts;
  parts.push_back(std::move(degrees.children.front()));
  const char* below[] = {"60", "3600"};
  for (size_t i = 0; i < 2 && is(Tok::number) && primes_ahead(at_ + 1) == i + 1; ++i) {
    if (!is_below(now().text, 60)) fail("a number below 60");
    Expr part = leaf(Kind::number, now().text);
    advance();
    take_primes();
    parts.push_back(binary(Kind::divide, "", std::move(part), leaf(Kind::number, below[i])));
  }
  return unary(Kind::degrees, "", make(Kind::add, "", std::move(parts)));
}

}  // namespace cohort::math
