#include "rewards/math/compare/algebraic.h"

#include <flint/flint.h>

#include <algorithm>
#include <string_view>
#include <utility>

// Calcium's headers are C, where a void* is any pointer.
namespace {
struct AnyPointer {
  void* address;
  template <typename T>
  operator T*() const {  // NOLINT: implicit, as in C
    return static_cast<T*>(address);
  }
};
}  // namespace
#define flint_malloc(size) \
  AnyPointer { flint_malloc(size) }
#define flint_realloc(address, size) \
  AnyPointer { flint_realloc(address, size) }
#include <calcium/ca.h>
#undef flint_malloc
#undef flint_realloc

namespace cohort::math {

namespace {

// Calcium cannot be stopped: what it is given is small. Steps are what it costs, roughly.
constexpr int64_t kMaxNodes = 80;
constexpr int64_t kMaxExtensions = 8;  // roots, exponentials, logarithms, angles
constexpr int64_t kMaxBits = 256;
constexpr int64_t kMaxIndex = 12;
constexpr int64_t kMaxPower = 24;
constexpr int64_t kMaxDegree = 48;
constexpr int64_t kMaxTurn = 60;  // of the denominator of an angle in pi
constexpr int64_t kSteps = 2000;

struct TooLarge {};

class Context {
 public:
  Context() {
    ca_ctx_init(context_);
    ca_ctx_set_option(context_, CA_OPT_QQBAR_DEG_LIMIT, kMaxDegree);
    ca_ctx_set_option(context_, CA_OPT_PREC_LIMIT, 1024);
    ca_ctx_set_option(context_, CA_OPT_POW_LIMIT, kMaxPower);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { ca_ctx_clear(context_); }
  ca_ctx_struct* get() { return context_; }

 private:
  ca_ctx_t context_;
};

class Number {
 public:
  explicit Number(Context& context) : context_(&context) { ca_init(value_, context.get()); }
  Number(Number&& other) noexcept : Number(*other.context_) {
    ca_swap(value_, other.value_, context_->get());
  }
  Number& operator=(Number&& other) noexcept {
    ca_swap(value_, other.value_, context_->get());
    return *this;
  }
  ~Number() { ca_clear(value_, context_->get()); }
  ca_struct* get() { return value_; }
  const ca_struct* get() const { return value_; }

 private:
  Context* context_;
  ca_t value_;
};

class Builder {
 public:
  Builder(Context& context, const Reading& reading, Budget& budget)
      : context_(context), reading_(reading), budget_(budget) {}

  Number value(const Expr& expr);

 private:
  Number rational(const Rational& value) {
    if (value.bits() > kMaxBits) throw TooLarge{};
    Number result(context_);
    ca_set_fmpq(result.get(), value.get(), context_.get());
    return result;
  }
  void extend() {
    if (++extensions_ > kMaxExtensions) throw TooLarge{};
  }
  Number root(Number base, const Rational& exponent);
  Number log(const Expr& argument);
  Number function(const Expr& expr);
  Number angle(const Expr& expr);

  Context& context_;
  Reading reading_;
  Budget& budget_;
  int64_t nodes_ = 0;
  int64_t extensions_ = 0;
  bool angle_ = false;
};

Number Builder::root(Number base, const Rational& exponent) {
  const auto n = exponent.numerator().to_int64(), index = exponent.denominator().to_int64();
  if (!n || !index || std::abs(*n) > kMaxPower || *index > kMaxIndex) throw TooLarge{};
  ca_ctx_struct* context = context_.get();
  bool negative = false;
  if (*index > 1) {
    extend();
    if (*index % 2 != 0) {  // the real root
      const truth_t real = ca_check_is_negative_real(base.get(), context);
      if (real == T_UNKNOWN) throw TooLarge{};
      negative = real == T_TRUE;
      if (negative) ca_neg(base.get(), base.get(), context);
    }
    const Rational power(1, *index);
    ca_pow_fmpq(base.get(), base.get(), power.get(), context);
  }
  ca_pow_si(base.get(), base.get(), *n, context);
  if (negative && *n % 2 != 0) ca_neg(base.get(), base.get(), context);
  return base;
}

Number Builder::log(const Expr& argument) {
  Number result = value(argument);
  extend();
  ca_log(result.get(), result.get(), context_.get());
  return result;
}

Number Builder::angle(const Expr& expr) {
  // A turn k pi / n is a root of unity of degree about 2 n.
  const bool was_angle = std::exchange(angle_, true);
  Number result = value(expr);
  angle_ = was_angle;
  return result;
}

bool has_long_denominator(const Expr& expr) {
  if (expr.kind == Kind::number) {
    return expr.text.size() > 2 && expr.text.find('.') == std::string::npos
               ? expr.text.size() > 3 || std::stoll(expr.text) > kMaxTurn * 6
               : expr.text.find('.') != std::string::npos;
  }
  for (const Expr& child : expr.children)
    if (has_long_denominator(child)) return true;
  return false;
}

Number Builder::function(const Expr& expr) {
  ca_ctx_struct* context = context_.get();
  const std::string& name = expr.text;
  const size_t n = expr.children.size();
  if (name == "ln" && n == 1) return log(expr.children[0]);
  if (name == "log" && (n == 1 || n == 2)) {
    Number result = log(expr.children[0]);
    if (n == 1 && !reading_.log_is_ten) return result;
    Number base = n == 2 ? log(expr.children[1]) : rational(Rational(10));
    if (n == 1) ca_log(base.get(), base.get(), context);
    ca_div(result.get(), result.get(), base.get(), context);
    return result;
  }
  if (n != 1) throw TooLarge{};
  if (name == "exp") {
    Number result = value(expr.children[0]);
    extend();
    ca_exp(result.get(), result.get(), context);
    return result;
  }
  extend();
  if (name == "arctan" || name == "arcsin" || name == "arccos") {
    Number result = value(expr.children[0]);
    (name == "arctan"   ? ca_atan
     : name == "arcsin" ? ca_asin
                        : ca_acos)(result.get(), result.get(), context);
    return result;
  }
  static constexpr std::string_view kNames[] = {"sin", "cos", "tan", "cot", "sec", "csc"};
  if (std::ranges::find(kNames, name) == std::end(kNames) || has_long_denominator(expr.children[0]))
    throw TooLarge{};
  Number argument = angle(expr.children[0]);
  Number sine(context_), cosine(context_);
  ca_sin_cos(sine.get(), cosine.get(), argument.get(), context);
  if (name == "sin") return sine;
  if (name == "cos") return cosine;
  if (name == "tan") {
    ca_div(sine.get(), sine.get(), cosine.get(), context);
    return sine;
  }
  if (name == "cot") {
    ca_div(cosine.get(), cosine.get(), sine.get(), context);
    return cosine;
  }
  Number& below = name == "sec" ? cosine : sine;
  ca_inv(below.get(), below.get(), context);
  return std::move(below);
}

Number Builder::value(const Expr& expr) {
  if (++nodes_ > kMaxNodes) throw TooLarge{};
  ca_ctx_struct* context = context_.get();
  const auto child = [&](size_t i) { return value(expr.children[i]); };
  switch (expr.kind) {
    case Kind::number:
    case Kind::repeating: {
      const auto exact = exact_value(expr, budget_);
      if (!exact) throw TooLarge{};
      return rational(*exact);
    }
    case Kind::constant: {
      Number result(context_);
      if (expr.text == "pi") {
        ca_pi(result.get(), context);
      } else if (expr.text == "i") {
        ca_i(result.get(), context);
      } else if (expr.text == "e") {
        ca_one(result.get(), context);
        ca_exp(result.get(), result.get(), context);
      } else {
        throw TooLarge{};
      }
      return result;
    }
    case Kind::add:
    case Kind::mixed:
    case Kind::multiply: {
      Number result = child(0);
      for (size_t i = 1; i < expr.children.size(); ++i)
        (expr.kind == Kind::multiply ? ca_mul : ca_add)(result.get(), result.get(), child(i).get(),
                                                        context);
      return result;
    }
    case Kind::negate: {
      Number result = child(0);
      ca_neg(result.get(), result.get(), context);
      return result;
    }
    case Kind::divide: {
      Number result = child(0);
      ca_div(result.get(), result.get(), child(1).get(), context);
      return result;
    }
    case Kind::percent: {
      Number result = child(0);
      ca_div_ui(result.get(), result.get(), 100, context);
      return result;
    }
    case Kind::degrees: {
      Number result = child(0);
      if (!angle_ && !reading_.degrees_are_radians) return result;
      Number pi(context_);
      ca_pi(pi.get(), context);
      ca_mul(result.get(), result.get(), pi.get(), context);
      ca_div_ui(result.get(), result.get(), 180, context);
      return result;
    }
    case Kind::power: {
      const auto exponent = exact_value(expr.children[1], budget_);
      if (exponent) return root(child(0), *exponent);
      extend();
      Number result = child(0);
      ca_pow(result.get(), result.get(), child(1).get(), context);
      return result;
    }
    case Kind::root: {
      const auto index = exact_value(expr.children[1], budget_);
      if (!index || index->is_zero()) throw TooLarge{};
      return root(child(0), index->inverse());
    }
    case Kind::absolute: {
      Number result = child(0);
      ca_abs(result.get(), result.get(), context);
      return result;
    }
    case Kind::function:
      return function(expr);
    default:
      throw TooLarge{};
  }
}

}  // namespace

std::optional<bool> equal_constants(const Expr& a, const Expr& b, const Reading& reading,
                                    Budget& budget) {
  budget.step(kSteps);
  try {
    Context context;
    Builder builder(context, reading, budget);
    const Number left = builder.value(a), right = builder.value(b);
    for (const Number* side : {&left, &right})
      if (ca_check_is_number(side->get(), context.get()) != T_TRUE) return std::nullopt;
    const truth_t truth = ca_check_equal(left.get(), right.get(), context.get());
    if (truth == T_UNKNOWN) return std::nullopt;
    return truth == T_TRUE;
  } catch (const TooLarge&) {
    return std::nullopt;
  }
}

}  // namespace cohort::math
