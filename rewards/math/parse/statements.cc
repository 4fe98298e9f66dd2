// Lists, conditions, relations, sets and ratios.
#include <algorithm>
#include <numeric>

#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/parser.h"
#include "rewards/math/parse/units.h"

namespace cohort::math {

namespace {

bool is_condition(const Expr& expr) {
  return expr.kind == Kind::relation || expr.kind == Kind::logic;
}

// 2 hours and 30 minutes: one quantity in several units, from large to small.
bool is_compound_quantity(const std::vector<Expr>& items) {
  const Unit* last = nullptr;
  for (const Expr& item : items) {
    if (item.kind != Kind::quantity) return false;
    const Unit* unit = find_unit(item.text);
    if (unit == nullptr || unit->numerator == 0) return false;
    if (last != nullptr &&
        (unit->dimension != last->dimension || unit->kind != last->kind ||
         static_cast<double>(unit->numerator) / static_cast<double>(unit->denominator) >=
             static_cast<double>(last->numerator) / static_cast<double>(last->denominator)))
      return false;
    last = unit;
  }
  return items.size() >= 2;
}

}  // namespace

bool Parser::ends_item() const {
  switch (now().type) {
    case Tok::end:
    case Tok::comma:
    case Tok::semicolon:
    case Tok::and_:
    case Tok::or_:
    case Tok::relation:
    case Tok::row_break:
    case Tok::ampersand:
    case Tok::close_round:
    case Tok::close_square:
    case Tok::close_group:
    case Tok::close_set:
    case Tok::close_angle:
      return true;
    case Tok::colon:
      return true;
    case Tok::command:
      return now().text == "end" || now().text == "pmod";
    default:
      return is_separator_text();
  }
}

// "x = 2k where k is ...": words that part what is said from its conditions.
bool Parser::is_separator_text() const {
  if (!is(Tok::text)) return false;
  const std::string words = lower_case(now().text);
  for (const char* separator : {"for", "where", "with", "when", "if", "for all", "for any",
                                "for some", "for every", "such that", "et", "und", "for each"})
    if (words == separator) return true;
  return false;
}

bool Parser::skip_separator() {
  if (is(Tok::comma) || is(Tok::row_break) || is_separator_text()) {
    advance();
    return true;
  }
  return false;
}

Expr Parser::statement() {
  const Deeper deeper(*this);
  std::vector<Expr> groups;
  do {
    groups.push_back(group());
    while (is(Tok::semicolon) && next().type == Tok::semicolon) advance();
  } while (accept(Tok::semicolon) && !ends_item());
  if (groups.size() == 1) return std::move(groups.front());
  return make(Kind::list, "", std::move(groups));
}

std::vector<Expr> Parser::commas(bool& comma_last) {
  std::vector<Expr> items;
  comma_last = false;
  for (;;) {
    items.push_back(relation());
    if (!skip_separator()) return items;
    while (skip_separator()) {
    }
    if (is(Tok::and_) || is(Tok::or_)) {
      comma_last = true;
      return items;
    }
    if (ends_item() && !is(Tok::relation)) return items;
  }
}

Expr Parser::group() {
  std::vector<std::vector<Expr>> parts;
  std::vector<Tok> links;
  bool logical = false;
  bool comma_before_link = false;
  for (;;) {
    bool comma_last = false;
    parts.push_back(commas(comma_last));
    if (!is(Tok::and_) && !is(Tok::or_)) break;
    comma_before_link = comma_before_link || comma_last;
    links.push_back(now().type);
    logical = logical || now().text == "land";
    advance();
    skip_separator();  // "and, ..."
  }
  // "p \land q" says nothing about values, and is not "p \lor q".
  if (logical && std::none_of(parts.begin(), parts.end(), [](const std::vector<Expr>& part) {
        return std::any_of(part.begin(), part.end(), [](const Expr& item) {
          return item.kind == Kind::relation || item.kind == Kind::logic;
        });
      }))
    fail("a statement beside the sign of logic");
  return joined(std::move(parts), links, comma_before_link);
}

// One of: a single item; "p = 5, q = 2 and p = 7, q = 2" as a list of lists; conditions joined by
// and, or; a flat list.
Expr Parser::joined(std::vector<std::vector<Expr>> parts, const std::vector<Tok>& links,
                    bool comma_before_link) {
  const auto all_of = [&](auto&& holds) {
    return std::all_of(parts.begin(), parts.end(), [&](const std::vector<Expr>& part) {
      return std::all_of(part.begin(), part.end(), holds);
    });
  };
  const bool single = std::all_of(parts.begin(), parts.end(),
                                  [](const std::vector<Expr>& part) { return part.size() == 1; });
  if (!links.empty() && single && all_of(is_condition)) {
    // "and" binds tighter than "or".
    std::vector<Expr> alternatives, run;
    const auto close_run = [&] {
      alternatives.push_back(run.size() == 1 ? std::move(run.front())
                                             : make(Kind::logic, "and", std::move(run)));
      run.clear();
    };
    for (size_t i = 0; i < parts.size(); ++i) {
      if (i > 0 && links[i - 1] == Tok::or_) close_run();
      run.push_back(std::move(parts[i].front()));
    }
    close_run();
    if (alternatives.size() == 1) return std::move(alternatives.front());
    return make(Kind::logic, "or", std::move(alternatives));
  }
  const bool grouped =
      !links.empty() && !comma_before_link && all_of(is_condition) &&
      std::all_of(parts.begin(), parts.end(), [](const auto& part) { return part.size() >= 2; });
  std::vector<Expr> items;
  for (std::vector<Expr>& part : parts) {
    if (grouped)
      items.push_back(make(Kind::list, "", std::move(part)));
    else
      std::move(part.begin(), part.end(), std::back_inserter(items));
  }
  if (items.size() == 1) return std::move(items.front());
  const bool alternatives = std::find(links.begin(), links.end(), Tok::or_) != links.end();
  // "2 hours, 30 minutes": two answers, where not one of their dimension is expected.
  const bool sum = links.empty() ? expected_.dimension.has_value() : single && !alternatives;
  if (sum && is_compound_quantity(items)) return make(Kind::add, "", std::move(items));
  return make(Kind::list, "", std::move(items));
}

Expr Parser::relation() {
  const Deeper deeper(*this);
  item_start_ = at_;
  // "= 5" and "\approx 5" say only 5.
  if (is(Tok::relation) && (now().text == "=" || now().text == "~")) {
    advance();
    item_start_ = at_;
  }
  std::vector<Expr> sides;
  std::string operators;
  sides.push_back(modulus(operand()));
  for (;;) {
    if (is(Tok::row_break) && next().type == Tok::relation) advance();  // a derivation goes on
    if (is(Tok::relation)) {
      operators += now().text;
    } else if (is(Tok::text) && lower_case(now().text) == "in" &&
               (next().type == Tok::open_square || next().type == Tok::open_round ||
                next().type == Tok::open_set || next().type == Tok::number_set)) {
      operators += 'e';
    } else if (is(Tok::colon) && !scope_.colon_ends && sides.back().kind == Kind::words) {
      operators += '=';  // "Area: 5"
    } else {
      break;
    }
    advance();
    sides.push_back(modulus(operand()));
  }
  if (sides.size() == 1) return std::move(sides.front());
  return make(Kind::relation, std::move(operators), std::move(sides));
}

// "3 (mod 5)" and "3 \pmod 5".
Expr Parser::modulus(Expr value) {
  Expr modulo;
  if (is_command("pmod")) {
    advance();
    modulo = argument();
  } else if (is(Tok::open_round) && next().type == Tok::command && next().text == "bmod") {
    at_ += 2;
    modulo = sum();
    expect(Tok::close_round, "')'");
  } else {
    return value;
  }
  return binary(Kind::function, "mod", std::move(value), std::move(modulo));
}

// A side of a relation: mathematics, or words.
Expr Parser::operand() {
  static constexpr const char* kHedges[] = {"about", "approximately", "approx", "exactly",
                                            "only",  "roughly",       "around", "just"};
  while (is(Tok::text) && std::any_of(std::begin(kHedges), std::end(kHedges),
                                      [&](const char* hedge) { return now().text == hedge; }))
    advance();
  if (!is(Tok::text)) return sets();
  if ((now().text == "negative" || now().text == "minus") && next().type != Tok::text)
    return sets();  // \text{negative } 5
  if (now().text.size() == 1 && next().type != Tok::text) {
    advance();
    const bool alone = ends_item();
    --at_;
    if (!alone) return sets();  // \text{x} + 1
  }
  if (next().type == Tok::underscore) return sets();  // \text{FF}_{16}
  std::string words;
  while (is(Tok::text) && !(words.empty() ? false : is_separator_text())) {
    words += (words.empty() ? "" : " ") + now().text;
    advance();
  }
  if (!ends_item()) fail("a value");
  budget_.check(BudgetSpent::nodes, ++nodes_, budget_.limits().nodes);
  return phrase(words);
}

// "(0, 1) U (2, 3)": a letter for the sign.
bool Parser::union_ahead() const {
  if (is(Tok::unite)) return true;
  if (!is(Tok::symbol) || now().text != "U" || at_ == 0) return false;
  const Tok before = tokens_[at_ - 1].type, behind = next().type;
  return (before == Tok::close_round || before == Tok::close_square || before == Tok::close_set ||
          (french_ && before == Tok::open_square)) &&
         (behind == Tok::open_round || behind == Tok::open_square || behind == Tok::open_set ||
          (french_ && behind == Tok::close_square));
}

Expr Parser::sets() {
  Expr left = ratio();
  for (;;) {
    Kind kind;
    if (union_ahead()) {
      kind = Kind::unite;
    } else if (is(Tok::intersect)) {
      kind = Kind::intersect;
    } else if (is(Tok::set_minus)) {
      kind = Kind::set_minus;
    } else {
      return left;
    }
    advance();
    Expr right = ratio();
    if (left.kind == kind && kind != Kind::set_minus) {
      left.children.push_back(std::move(right));
      continue;
    }
    left = binary(kind, "", std::move(left), std::move(right));
  }
}

Expr Parser::ratio() {
  std::vector<Expr> parts;
  parts.push_back(sum());
  for (;;) {
    const bool colon = is(Tok::colon) && !scope_.colon_ends;
    const bool to =
        is(Tok::text) && lower_case(now().text) == "to" && parts.back().kind == Kind::number;
    if (!colon && !to) break;
    advance();
    parts.push_back(sum());
  }
  if (parts.size() == 1) {
    const Expr& only = parts.front();
    if (only.kind != Kind::quantity || (only.text != "am" && only.text != "pm"))
      return std::move(parts.front());
    parts.front().children.push_back(leaf(Kind::number, "00"));
    // "7 pm" is 7:00 pm.
    std::vector<Expr> clock = std::move(parts.front().children);
    clock.back() = unary(Kind::quantity, only.text, std::move(clock.back()));
    return ratio_or_time(std::move(clock));
  }
  return ratio_or_time(std::move(parts));
}

Expr Parser::ratio_or_time(std::vector<Expr> parts) {
  // The last part may carry "pm" as its unit.
  std::string meridiem;
  if (parts.back().kind == Kind::quantity &&
      (parts.back().text == "am" || parts.back().text == "pm")) {
    meridiem = parts.back().text;
    Expr inner = std::move(parts.back().children.front());
    parts.back() = std::move(inner);
  }
  const auto two_digits = [](const Expr& part) {
    return part.kind == Kind::number && part.text.size() == 2 &&
           part.text.find('.') == std::string::npos && part.text < "60";
  };
  const bool clock = parts.size() <= 3 && parts[0].kind == Kind::number &&
                     parts[0].text.size() <= 2 && parts[0].text.find('.') == std::string::npos &&
                     std::all_of(parts.begin() + 1, parts.end(), two_digits);
  const int hour = clock ? std::stoi(parts[0].text) : -1;
  // 12:05 and 7:30:15 are no ratios; 10:15 would have been written 2:3.
  const bool no_ratio = clock && (parts[1].text[0] == '0' || parts.size() == 3 ||
                                  std::gcd(hour, std::stoi(parts[1].text)) > 1);
  if (clock && (meridiem.empty() ? no_ratio && hour < 25 : hour >= 1 && hour <= 12)) {
    const int shown = meridiem.empty() ? hour : hour % 12 + (meridiem == "pm" ? 12 : 0);
    std::string text = (shown < 10 ? "0" : "") + std::to_string(shown);
    for (size_t i = 1; i < parts.size(); ++i) text += ":" + parts[i].text;
    return leaf(Kind::time, text);
  }
  if (!meridiem.empty()) fail("a time");
  return make(Kind::ratio, "", std::move(parts));
}

}  // namespace cohort::math
