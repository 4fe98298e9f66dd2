#include "rewards/math/parse/parse.h"

namespace cohort::math {

namespace {

const char* kind_name(Kind kind) {
  static const char* const kNames[] = {
#define COHORT_KIND_NAME(name) #name,
      COHORT_KINDS(COHORT_KIND_NAME)
#undef COHORT_KIND_NAME
  };
  return kNames[static_cast<size_t>(kind)];
}

bool is_plain_leaf(Kind kind) {
  return kind == Kind::number || kind == Kind::constant || kind == Kind::symbol ||
         kind == Kind::number_set;
}

void append(const Expr& expr, std::string& out) {
  if (is_plain_leaf(expr.kind) && expr.children.empty()) {
    out += expr.text;
    return;
  }
  if (expr.kind == Kind::function || expr.kind == Kind::integral_like) {
    out += expr.text;
  } else {
    out += kind_name(expr.kind);
    if (!expr.text.empty()) out += "[" + expr.text + "]";
    if (expr.kind == Kind::matrix) out += "[" + std::to_string(expr.rows) + "]";
  }
  if (expr.children.empty()) return;
  out += '(';
  for (size_t i = 0; i < expr.children.size(); ++i) {
    if (i > 0) out += ", ";
    append(expr.children[i], out);
  }
  out += ')';
}

}  // namespace

std::string to_text(const Expr& expr) {
  std::string out;
  append(expr, out);
  return out;
}

}  // namespace cohort::math
