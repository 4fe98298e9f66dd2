// Unicode regular expressions as the tokenizers library runs them (Oniguruma's meaning), on PCRE2.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace cohort {

struct RegexMatch {
  size_t begin = 0, end = 0;
};

class Regex {
 public:
  // Oniguruma's syntax, as far as regex_pattern.h knows it. `name` says where the pattern came
  // from, for the InputError when it is not supported, does not compile or can match nothing at
  // all (where an empty match would cut is the engine's own affair).
  Regex(const std::string& pattern, const std::string& name);
  // A pattern in PCRE2's own syntax, used as it is.
  static std::unique_ptr<Regex> of_pcre2(const std::string& pattern, const std::string& name);
  ~Regex();
  // The first match in valid UTF-8 `text` from `position` on; false when there is none. InputError
  // when the search had to be given up.
  bool find(std::string_view text, size_t position, RegexMatch& match) const;

 private:
  struct Impl;
  explicit Regex(std::unique_ptr<Impl> impl);
  static std::unique_ptr<Impl> compile(const std::string& pcre2, const std::string& pattern,
                                       const std::string& name);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cohort
