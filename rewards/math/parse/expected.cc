#include "rewards/math/parse/expected.h"

#include <algorithm>

#include "rewards/math/parse/characters.h"

namespace cohort::math {

namespace {

// Written as one number: an integer, a decimal, a fraction, with a sign, a unit.
bool is_one_number(const Expr& expr) {
  switch (expr.kind) {
    case Kind::number:
      return true;
    case Kind::negate:
    case Kind::divide:
    case Kind::mixed:
    case Kind::percent:
    case Kind::quantity:
      return std::all_of(expr.children.begin(), expr.children.end(), is_one_number);
    default:
      return false;
  }
}

// False: the units are of several dimensions, or nouns.
bool collect(const Expr& expr, Expected& expected) {
  if (expr.kind == Kind::quantity) {
    const auto powers = unit_powers(expr.text);
    if (!powers) return false;
    Dimension dimension{};
    for (const UnitPower& power : *powers) {
      for (size_t base = 0; base < kBases; ++base)
        dimension[base] =
            static_cast<int8_t>(dimension[base] + power.unit->dimension[base] * power.exponent);
      if (power.unit->kind != 0) expected.kind = power.unit->kind;
    }
    if (expected.dimension && *expected.dimension != dimension) return false;
    expected.dimension = dimension;
  }
  return std::all_of(expr.children.begin(), expr.children.end(),
                     [&](const Expr& child) { return collect(child, expected); });
}

}  // namespace

Expected expected_of(const Expr& gold) {
  Expected expected;
  if (!collect(gold, expected)) expected = {};
  expected.one_number = is_one_number(gold);
  return expected;
}

std::string as_one_number(std::string_view text) {
  std::string out(text);
  const size_t first = text.find(','), last = text.rfind(',');
  // In brackets it parts elements.
  if (first == std::string_view::npos || first == 0 ||
      text.find_first_of("([") != std::string_view::npos || text.find("\\{") != text.npos)
    return out;
  size_t start = first;
  while (start > 0 && is_digit(text[start - 1])) --start;
  size_t stop = last + 1;
  while (stop < text.size() && is_digit(text[stop])) ++stop;
  if (start == first || stop == last + 1) return out;
  if (first == last) {
    // "1,234" is a thousand.
    const bool thousands = stop - last == 4 && first - start <= 3 && text[start] != '0';
    if (!thousands && (stop == text.size() || text[stop] != '.')) out[first] = '.';
    return out;
  }
  // Groups of two digits, the last one of three.
  if (stop - last != 4 || first - start > 2) return out;
  for (size_t i = first; i < last; i += 3)
    if (text[i] != ',' || !is_digit(text[i + 1]) || !is_digit(text[i + 2]) || text[i + 3] != ',')
      return out;
  out.erase(std::remove(out.begin(), out.end(), ','), out.end());
  return out;
}

const Unit* find_unit(std::string_view word, const Expected& expected) {
  const bool duration = expected.is_of(kDuration) && !expected.is_of(kLength);
  if (duration && word == "m") return find_unit("min");
  if (duration && word == "d") return find_unit("day");
  if (expected.is_of(kMoney) && (word == "pound" || word == "pounds")) {
    const Unit* sterling = find_unit("gbp");
    if (sterling->kind == expected.kind) return sterling;
  }
  return find_unit(word);
}

}  // namespace cohort::math
