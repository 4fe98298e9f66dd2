#include "model/tokenizer/regex_pattern.h"

#include <cctype>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "model/tokenizer/unicode_additions.h"

namespace cohort {
namespace {

// Unicode's White_Space property.
constexpr const char* kSpaceClass =
    "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{"
    "205f}\\x{3000}";

class Translator {
 public:
  Translator(const std::string& pattern, const std::string& name)
      : pattern_(pattern), name_(name) {}

  std::string run() {
    while (at_ < pattern_.size()) {
      if (in_class_)
        class_member();
      else
        element();
    }
    if (in_class_) refuse("unclosed [");
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    throw_error<InputError>("{}: {} in pattern {} is not supported", name_, what, pattern_);
  }
  bool next_is(std::string_view text) const {
    return std::string_view(pattern_).substr(at_).starts_with(text);
  }
  char take() {
    if (at_ == pattern_.size()) refuse("an unfinished escape");
    return pattern_[at_++];
  }

  void element() {
    const char c = pattern_[at_];
    if (c == '\\') return escape();
    if (c == '[') return open_class();
    if (c == '{') return counted();
    if (c == '(') return open_group();
    if (c == ')' && !caseless_.empty()) caseless_.pop_back();
    out_ += c;
    ++at_;
  }

  void open_class() {
    out_ += '[';
    ++at_;
    if (next_is("^")) out_ += take();
    if (next_is("]") || next_is("[")) refuse("a bracket first in a class");
    in_class_ = true;
    after_set_ = false;
    after_hyphen_ = false;
    first_ = true;
  }

  void class_member() {
    const char c = pattern_[at_];
    if (c == '[' || next_is("&&")) refuse("a set operation");
    if (c == ']') {
      in_class_ = false;
      out_ += c;
      ++at_;
    } else if (c == '\\') {
      escape();
    } else {
      const bool last = at_ + 1 < pattern_.size() && pattern_[at_ + 1] == ']';
      // The two engines disagree on a range whose end is a set.
      if (c == '-' && after_set_ && !last) refuse("- after a set");
      after_hyphen_ = c == '-' && !first_ && !last && !after_hyphen_;
      after_set_ = false;
      out_ += c;
      ++at_;
    }
    first_ = false;
  }

  // {n}, {n,} and {n,m}, greedy.
  void counted() {
    const size_t end = pattern_.find('}', at_);
    if (end == std::string::npos) refuse("{ without }");
    const std::string_view inside(pattern_.data() + at_ + 1, end - at_ - 1);
    const size_t comma = inside.find(',');
    const auto digits = [](std::string_view text) {
      for (char c : text)
        if (c < '0' || c > '9') return false;
      return !text.empty();
    };
    const bool good = comma == std::string_view::npos
                          ? digits(inside)
                          : digits(inside.substr(0, comma)) &&
                                (comma + 1 == inside.size() || digits(inside.substr(comma + 1)));
    if (!good) refuse(fmt::format("{{{}}}", inside));
    out_ += pattern_.substr(at_, end + 1 - at_);
    at_ = end + 1;
    if (next_is("+") || next_is("?")) refuse("a counted repeat that is not greedy");
  }

  void open_group() {
    for (const char* opener : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:"})
      if (next_is(opener)) {
        const std::string_view text(opener);
        caseless_.push_back(text == "(?i:" || (!caseless_.empty() && caseless_.back()));
        out_ += text;
        at_ += text.size();
        return;
      }
    if (next_is("(?") || next_is("(*")) refuse(pattern_.substr(at_, 4));
    caseless_.push_back(!caseless_.empty() && caseless_.back());
    out_ += '(';
    ++at_;
  }

  void escape() {
    ++at_;
    const char c = take();
    switch (c) {
      case 's':
        return put_set(kSpaceClass, false);
      case 'S':
        return put_set(kSpaceClass, true);
      case 'd':
        return put_set("\\p{Nd}" + added_ranges("Nd"), false);
      case 'D':
        return put_set("\\p{Nd}" + added_ranges("Nd"), true);
      case 'p':
      case 'P':
        return property(c == 'P');
      case 'u':
        return put_code_point();
      case 'r':
      case 'n':
      case 't':
      case 'f':
        break;
      default:
        if (!std::ispunct(static_cast<unsigned char>(c))) refuse(fmt::format("\\{}", c));
    }
    out_ += {'\\', c};
    after_set_ = after_hyphen_ = false;
  }

  void put_set(const std::string& members, bool negated) {
    if (in_class_ && negated) refuse("a negated set inside brackets");
    if (in_class_ && after_hyphen_) refuse("a set after -");
    if (in_class_)
      out_ += members;
    else
      out_ += fmt::format("[{}{}]", negated ? "^" : "", members);
    after_set_ = true;
  }

  // A general category of one or two letters. Scripts differ between the engines.
  void property(bool negated) {
    const size_t end = pattern_.find('}', at_);
    if (!next_is("{") || end == std::string::npos) refuse("\\p without {}");
    std::string name = pattern_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (name.starts_with('^')) {
      negated = !negated;
      name.erase(0, 1);
    }
    const bool known =
        (name.size() == 1 && std::string_view("LMNPSZ").find(name[0]) != std::string_view::npos) ||
        std::string_view(
            " Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl "
            "Zp Cc Cf Co ")
                .find(" " + name + " ") != std::string_view::npos;
    if (!known || name.size() > 2) refuse("\\p{" + name + "}");
    if (!caseless_.empty() && caseless_.back()) refuse("\\p inside (?i:");
    put_set("\\p{" + name + "}" + added_ranges(name), negated);
  }

  void put_code_point() {
    std::string digits;
    for (int i = 0; i < 4; ++i) digits += take();
    for (char c : digits)
      if (!std::isxdigit(static_cast<unsigned char>(c))) refuse("\\u without four digits");
    out_ += "\\x{" + digits + "}";
    after_set_ = after_hyphen_ = false;
  }

  const std::string& pattern_;
  const std::string& name_;
  std::string out_;
  size_t at_ = 0;
  std::vector<bool> caseless_;  // of the open groups
  bool in_class_ = false;
  bool first_ = false, after_set_ = false, after_hyphen_ = false;  // inside a class
};

}  // namespace

std::string to_pcre2(const std::string& pattern, const std::string& name) {
  return Translator(pattern, name).run();
}

}  // namespace cohort
