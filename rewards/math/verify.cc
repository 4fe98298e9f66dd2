#include "rewards/math/verify.h"

#include <algorithm>

#include "rewards/math/extract/extract.h"
#include "rewards/math/parse/characters.h"
#include "rewards/math/parse/expected.h"
#include "rewards/math/parse/parse.h"

namespace cohort::math {

namespace {

Reason spent_reason(const BudgetExhausted& spent) {
  return spent.what_was_spent == BudgetSpent::clock ? Reason::clock_exhausted
                                                    : Reason::budget_exhausted;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string whole;
  for (const std::string& text : texts) whole += (whole.empty() ? "" : ", ") + text;
  return whole;
}

// Several boxes are one list; their own lists and relations are its items.
std::optional<Expr> parse_all(const std::vector<std::string>& texts, const BudgetLimits& limits) {
  if (texts.size() == 1) {
    Budget budget(limits);
    return parse_answer(texts.front(), budget).expr;
  }
  Expr list{Kind::list};
  for (const std::string& text : texts) {
    Budget budget(limits);
    std::optional<Expr> item = parse_answer(text, budget).expr;
    if (!item) return std::nullopt;
    if (item->kind == Kind::list)
      std::move(item->children.begin(), item->children.end(), std::back_inserter(list.children));
    else
      list.children.push_back(std::move(*item));
  }
  return list;
}

bool is_letter_choice(const Expr& gold) {
  if (gold.kind == Kind::choice) return true;
  return gold.kind == Kind::symbol && gold.text.size() == 1 && gold.text[0] >= 'A' &&
         gold.text[0] <= 'J';
}

bool has_unit(const Expr& expr) {
  if (expr.kind == Kind::quantity || expr.kind == Kind::percent) return true;
  return std::any_of(expr.children.begin(), expr.children.end(), has_unit);
}

// Written as one number: an integer, a decimal, a fraction, with a sign.
bool is_number(const Expr& expr) {
  switch (expr.kind) {
    case Kind::number:
      return true;
    case Kind::negate:
    case Kind::divide:
    case Kind::mixed:
      return std::all_of(expr.children.begin(), expr.children.end(), is_number);
    default:
      return false;
  }
}

// Texts that nobody can read are the same only letter by letter; a few bytes alike prove nothing.
bool same_text(const std::string& a, const std::string& b) {
  const auto squeezed = [](const std::string& text) {
    std::string out;
    std::copy_if(text.begin(), text.end(), std::back_inserter(out),
                 [](char c) { return !is_blank(c); });
    return out;
  };
  const std::string left = squeezed(a);
  return left.size() >= 3 && left == squeezed(b);
}

class Verifier {
 public:
  Verifier(std::string_view gold, std::string_view completion, const VerifyOptions& options)
      : gold_(gold), completion_(completion), options_(options) {}

  Verification run_gold() {
    if (!read_gold()) return std::move(v_);
    v_.answer_text = v_.gold_text;
    v_.answer = v_.gold;
    if (!v_.gold) {
      undecided(Reason::gold_unparsable);
      return std::move(v_);
    }
    try {
      decide();
    } catch (const BudgetExhausted& spent) {
      undecided(spent_reason(spent));
    }
    // A gold that does not equal itself (0/0) cannot be answered.
    if (v_.result.verdict == Verdict::incorrect) undecided(v_.result.reason);
    if (v_.result.verdict == Verdict::correct && repeated_alone())
      v_.result.reason = Reason::not_simplifiable;
    return std::move(v_);
  }

  Verification run() {
    if (!read_gold()) return std::move(v_);
    if (!read_answer()) return std::move(v_);
    try {
      decide();
    } catch (const BudgetExhausted& spent) {
      incorrect(spent_reason(spent));
    }
    return std::move(v_);
  }

 private:
  bool repeated_alone() const {
    Budget budget(options_.limits);
    try {
      return is_equal_to_itself_alone(*v_.gold, budget);
    } catch (const BudgetExhausted&) {
      return true;
    }
  }

  void undecided(Reason reason) {
    v_.result = {.value = 0, .verdict = Verdict::undecided, .reason = reason};
    v_.result.extracted = v_.answer_text;
  }
  void incorrect(Reason reason) {
    v_.result = {.value = 0, .verdict = Verdict::incorrect, .reason = reason};
    v_.result.extracted = v_.answer_text;
  }
  void correct() {
    v_.result = {.value = 1, .verdict = Verdict::correct, .reason = Reason::ok};
    v_.result.extracted = v_.answer_text;
  }

  // False: the verdict stands. A gold that cannot be read stays as text, in case the answer is the
  // same text.
  bool read_gold() {
    try {
      const Found found = find_gold(gold_);
      if (found.reason != Reason::ok) {
        undecided(Reason::gold_unparsable);
        return false;
      }
      v_.gold_text = joined(found.texts);
      v_.gold = parse_all(found.texts, options_.limits);
    } catch (const BudgetExhausted& spent) {
      undecided(spent_reason(spent));
      return false;
    }
    return true;
  }

  bool read_answer() {
    try {
      const ExtractOptions wants{.wants_letter = v_.gold && is_letter_choice(*v_.gold)};
      const Extraction extraction = find_answer(completion_, wants);
      const Found& found = extraction.found;
      // A cut completion had no chance to mark its answer, or to close its mark.
      if (options_.truncated && (found.reason != Reason::ok || extraction.mark != Mark::box)) {
        incorrect(Reason::truncated);
        return false;
      }
      if (found.reason != Reason::ok) {
        incorrect(found.reason);
        return false;
      }
      texts_ = found.texts;
      v_.answer_text = joined(texts_);
      // "\boxed{5} m" against 5 cm: the unit behind the box counts when the gold has one.
      if (!found.unit_behind.empty() && v_.gold && has_unit(*v_.gold)) {
        texts_ = {found.texts.front() + found.unit_behind};
        v_.answer = parse_all(texts_, options_.limits);
        if (v_.answer) v_.answer_text = texts_.front();
      }
      if (!v_.answer) v_.answer = parse_all(found.texts, options_.limits);
      percent_behind_ = found.unit_behind == "\\%";
    } catch (const BudgetExhausted& spent) {
      incorrect(spent_reason(spent));
      return false;
    }
    return true;
  }

  void decide() {
    if (!v_.gold || !v_.answer) {
      if (!v_.gold && !v_.answer && same_text(v_.gold_text, v_.answer_text))
        correct();
      else if (v_.gold && equal_as_expected())
        correct();
      else if (!v_.gold)
        undecided(Reason::gold_unparsable);
      else
        incorrect(Reason::answer_unparsable);
      return;
    }
    Comparison whole = compare_with(*v_.answer);
    if (!whole.equal && v_.answer->kind == Kind::list && v_.gold->kind != Kind::list &&
        each_is_equal())
      whole.equal = true;
    if (!whole.equal && percent_behind_ && !has_unit(*v_.answer))
      whole.equal = compare_with({Kind::percent, "", {*v_.answer}}).equal;
    v_.tier = whole.tier;
    if (whole.equal || equal_as_expected())
      correct();
    else
      incorrect(whole.reason == Reason::different_value && is_number(*v_.gold) &&
                        is_number(*v_.answer)
                    ? Reason::different_number
                    : whole.reason);
  }

  Comparison compare_with(const Expr& answer) {
    Budget budget(options_.limits);
    return compare(*v_.gold, answer, budget);
  }

  // Whether the answer is right when its notation is read as the gold answer suggests.
  bool equal_as_expected() {
    if (texts_.size() != 1) return false;
    const Expected expected = expected_of(*v_.gold);
    if (!expected.any()) return false;
    Budget budget(options_.limits);
    std::optional<Expr> again = parse_answer(texts_.front(), budget, expected).expr;
    if (!again || again == v_.answer) return false;
    const Comparison comparison = compare_with(*again);
    if (!comparison.equal) return false;
    v_.answer = std::move(again);
    v_.tier = comparison.tier;
    return true;
  }

  // One value said in several forms, "15 39/40 or 639/40", is that value.
  bool each_is_equal() {
    return std::all_of(v_.answer->children.begin(), v_.answer->children.end(),
                       [&](const Expr& item) { return compare_with(item).equal; });
  }

  std::string_view gold_, completion_;
  const VerifyOptions& options_;
  std::vector<std::string> texts_;
  bool percent_behind_ = false;
  Verification v_;
};

}  // namespace

Verification verify(std::string_view gold, std::string_view completion,
                    const VerifyOptions& options) {
  return Verifier(gold, completion, options).run();
}

Verification verify_gold(std::string_view gold, const VerifyOptions& options) {
  return Verifier(gold, gold, options).run_gold();
}

}  // namespace cohort::math
