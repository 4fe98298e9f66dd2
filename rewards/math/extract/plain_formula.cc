#include "rewards/math/extract/plain_formula.h"

#include <algorithm>
#include <array>

#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/names.h"

namespace cohort::math {

namespace {

constexpr auto kNone = std::string_view::npos;
constexpr size_t kReach = 200;  // bytes to either side

// Mathematics outside ASCII, as UTF-8: the operators, then what else stands in a formula.
constexpr std::array<std::string_view, 7> kOperators = {
    "\xc3\x97", "\xc3\xb7", "\xc2\xb7", "\xe2\x88\x92", "\xc2\xb1", "\xe2\x89\xa4", "\xe2\x89\xa5"};
constexpr std::array<std::string_view, 8> kOperands = {"\xe2\x88\x9a", "\xcf\x80",     "\xc2\xb2",
                                                       "\xc2\xb3",     "\xe2\x88\x9e", "\xc2\xb0",
                                                       "\xc2\xbd",     "\xc2\xbc"};

template <size_t n>
size_t starts_with_any(std::string_view text, const std::array<std::string_view, n>& parts) {
  for (const std::string_view part : parts)
    if (text.starts_with(part)) return part.size();
  return 0;
}

template <size_t n>
size_t ends_with_any(std::string_view text, const std::array<std::string_view, n>& parts) {
  for (const std::string_view part : parts)
    if (text.ends_with(part)) return part.size();
  return 0;
}

bool is_operator(char c) { return std::string_view("+-*/^<>").find(c) != kNone; }
bool is_glue(char c) { return std::string_view("()[]{}|_!%:").find(c) != kNone; }

bool is_name(std::string_view letters) {
  return letters.size() == 1 || find_plain_name(letters) != nullptr;
}

class Grower {
 public:
  Grower(std::string_view text, Extent extent, size_t lowest)
      : text_(text),
        extent_(extent),
        lowest_(std::max(lowest, extent.first > kReach ? extent.first - kReach : 0)),
        highest_(std::min(text.size(), extent.last + kReach)) {}

  void left() {
    while (extent_.first > lowest_) {
      const std::string_view before = text_.substr(lowest_, extent_.first - lowest_);
      const char c = before.back();
      if (size_t size = ends_with_any(before, kOperators) + ends_with_any(before, kOperands)) {
        extent_.first -= size;
      } else if (is_operator(c) || is_glue(c) || is_digit(c)) {
        --extent_.first;
      } else if ((c == '.' || c == ',') && is_digit_at(extent_.first) && before.size() >= 2 &&
                 is_digit(before[before.size() - 2])) {
        --extent_.first;
      } else if (is_letter(c)) {
        size_t run = before.size();
        while (run > 0 && is_letter(before[run - 1])) --run;
        if (!is_name(before.substr(run))) return;
        extent_.first -= before.size() - run;
      } else if (is_blank(c) && c != '\n') {
        const std::string_view rest = trim(before);
        if (rest.empty()) return;
        const bool operator_here = is_operator(text_[extent_.first]) ||
                                   starts_with_any(text_.substr(extent_.first), kOperators) > 0;
        const bool operator_there = is_operator(rest.back()) || ends_with_any(rest, kOperators) > 0;
        const bool element = rest.back() == ',' && open_brackets(rest) > 0;
        if (operator_here && !is_operand_end(rest)) return;
        if (!operator_here && !operator_there && !element) return;
        extent_.first = lowest_ + rest.size() + (rest.data() - before.data()) - (element ? 1 : 0);
      } else {
        return;
      }
    }
  }

  void right() {
    while (extent_.last < highest_) {
      const std::string_view after = text_.substr(extent_.last, highest_ - extent_.last);
      const char c = after.front();
      if (size_t size = starts_with_any(after, kOperators) + starts_with_any(after, kOperands)) {
        extent_.last += size;
      } else if (is_operator(c) || is_glue(c) || is_digit(c)) {
        ++extent_.last;
      } else if ((c == '.' || c == ',') && after.size() >= 2 && is_digit(after[1])) {
        ++extent_.last;
      } else if (is_letter(c)) {
        size_t run = 0;
        while (run < after.size() && is_letter(after[run])) ++run;
        if (!is_name(after.substr(0, run))) return;
        extent_.last += run;
      } else if (c == ',' &&
                 open_brackets(text_.substr(extent_.first, extent_.last - extent_.first)) > 0) {
        ++extent_.last;
      } else if (is_blank(c) && c != '\n') {
        const std::string_view rest = trim(after);
        if (rest.empty()) return;
        const char last = text_[extent_.last - 1];
        const bool inside =
            open_brackets(text_.substr(extent_.first, extent_.last - extent_.first)) > 0;
        const bool operator_there =
            (is_operator(rest.front()) && rest.size() > 1 && is_blank(rest[1])) ||
            starts_with_any(rest, kOperators) > 0;
        if (!operator_there && !is_operator(last) && !(inside && last == ',')) return;
        extent_.last += static_cast<size_t>(rest.data() - after.data());
      } else {
        return;
      }
    }
  }

  Extent trimmed() {
    for (bool changed = true; changed && extent_.first < extent_.last;) {
      changed = false;
      const std::string_view inside = text_.substr(extent_.first, extent_.last - extent_.first);
      const char first = inside.front(), last = inside.back();
      const int open = open_brackets(inside);
      const bool lone_sign = is_operator(first) && (inside.size() == 1 || is_blank(inside[1]) ||
                                                    (first != '-' && first != '+'));
      if (is_blank(first) || first == ',' || first == ':' || first == '!' || first == '%' ||
          first == '_' || first == '.' || lone_sign || (open > 0 && is_bracket(first)) ||
          first == ')' || first == ']' || first == '}') {
        ++extent_.first;
        changed = true;
      } else if (is_blank(last) || last == ',' || last == ':' || last == '_' || last == '.' ||
                 is_operator(last) || last == '(' || last == '[' || last == '{' ||
                 (open < 0 && (last == ')' || last == ']' || last == '}'))) {
        --extent_.last;
        changed = true;
      }
    }
    return extent_;
  }

 private:
  static bool is_bracket(char c) { return c == '(' || c == '[' || c == '{'; }
  bool is_digit_at(size_t i) const { return i < text_.size() && is_digit(text_[i]); }

  static int open_brackets(std::string_view text) {
    int open = 0;
    for (const char c : text) {
      if (is_bracket(c)) ++open;
      if (c == ')' || c == ']' || c == '}') --open;
    }
    return open;
  }

  // Whether a formula can end here: behind a digit, a bracket, a single letter or a name.
  static bool is_operand_end(std::string_view text) {
    const char c = text.back();
    if (is_digit(c) || c == ')' || c == ']' || c == '}' || c == '%' || c == '!') return true;
    if (ends_with_any(text, kOperands) > 0) return true;
    size_t run = text.size();
    while (run > 0 && is_letter(text[run - 1])) --run;
    return run < text.size() && is_name(text.substr(run)) && text.substr(run) != "a" &&
           text.substr(run) != "I";
  }

  std::string_view text_;
  Extent extent_;
  size_t lowest_, highest_;
};

}  // namespace

Extent plain_formula(std::string_view text, Extent number, size_t lowest, bool to_the_right) {
  const char before = number.first > 0 ? text[number.first - 1] : ' ';
  if (is_letter(before) && number.first > 1 && is_letter(text[number.first - 2])) {
    // "log2", "sqrt3" are formulas, "covid19" is none.
    size_t run = number.first;
    while (run > 0 && is_letter(text[run - 1])) --run;
    if (!is_name(text.substr(run, number.first - run))) return {number.first, number.first};
  }
  Extent price = number;
  if (before == '$') {
    --price.first;
    if (price.first > 0 && (text[price.first - 1] == '\\' || text[price.first - 1] == '-'))
      --price.first;
    return price;
  }
  Grower grower(text, number, lowest);
  grower.left();
  if (to_the_right) grower.right();
  return grower.trimmed();
}

}  // namespace cohort::math
