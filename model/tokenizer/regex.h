// Unicode regular expressions as the tokenizers library runs them (Oniguruma's meaning), on PCRE2.
// The one difference between the two that occurs in practice is \s, which is therefore spelled out
// (with UCP, PCRE2's \s also matches U+180E).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace cohort {

class Regex {
 public:
  // `name` says where the pattern came from, for the InputError when it does not compile.
  Regex(const std::string& pattern, const std::string& name);
  ~Regex();
  // Calls match(begin, end) for every non-empty match of valid UTF-8 `text`, left to right, not
  // overlapping.
  void find_all(std::string_view text,
                const std::function<void(size_t begin, size_t end)>& match) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cohort
