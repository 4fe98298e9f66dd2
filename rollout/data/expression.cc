#include "rollout/data/expression.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/rng.h"

namespace cohort {

std::string Expression::text() const { return fmt::format("{}{}{}", a, op, b); }

std::string working(const Expression& e, Style style) {
  if (style == Style::direct) return "";
  std::string text;
  int64_t a = e.a, b = e.b, carry = 0;
  do {
    const int64_t u = a % 10, v = b % 10;
    if (!text.empty()) text += ',';
    if (style == Style::brief) {
      text += fmt::format("{}{}{}", u, e.op, v);
    } else {
      const int64_t result = e.op == '+' ? u + v + carry : u - v - carry;
      const int64_t next = result > 9 || result < 0;
      const int64_t digit = (result + 10) % 10;
      text += fmt::format("{}{}{}{}{}={}{}", u, e.op, v, e.op, carry, next, digit);
      carry = next;
    }
    a /= 10;
    b /= 10;
  } while (a > 0 || b > 0);
  return text;
}

Row expression_row(const Expression& e, Style style, const std::string& source) {
  Row row;
  row.source = source;
  row.prompt = fmt::format("<|user|>{}<|assistant|>", e.text());
  row.answer = std::to_string(e.value());
  row.response =
      fmt::format("<think>{}</think><answer>{}</answer><|eos|>", working(e, style), row.answer);
  return row;
}

const char* split_of(const Expression& expression) {
  const Expression e = expression.canonical();
  const uint32_t bits = draw_bits({.seed = 0,
                                   .kind = DrawKind::data,
                                   .ordinal = static_cast<uint64_t>(e.a),
                                   .sample = static_cast<uint32_t>(e.b),
                                   .position = static_cast<uint32_t>(e.op)})[0];
  switch (bits % 16) {
    case 0:
      return "test";
    case 1:
      return "dev";
    default:
      return "train";
  }
}

Style draw_style(const DataConfig& config, int64_t index) {
  const std::vector<double> mix =
      config.style_mix.empty() ? std::vector<double>{0.3, 0.2, 0.5} : config.style_mix;
  COHORT_CHECK_EQ(mix.size(), 3u);
  const double u = draw_uniform({.seed = static_cast<uint64_t>(config.seed),
                                 .kind = DrawKind::data,
                                 .ordinal = static_cast<uint64_t>(index),
                                 .sample = kStyleDraws}) *
                   (mix[0] + mix[1] + mix[2]);
  if (u < mix[0]) return Style::direct;
  return u < mix[0] + mix[1] ? Style::brief : Style::full;
}

}  // namespace cohort
