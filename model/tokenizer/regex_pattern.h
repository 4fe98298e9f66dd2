// Oniguruma's regular expressions, which the tokenizers library runs, written for PCRE2.
#pragma once

#include <string>

namespace cohort {

// The PCRE2 pattern (UTF, UCP, MULTILINE, newline LF) that matches what Oniguruma's Ruby syntax
// matches for `pattern`. Differences that are made up for: \s (PCRE2's has U+180E), \p{..} of
// characters newer than PCRE2's Unicode, \d, \u. A construct whose meaning differs in other ways,
// or that is not known here, is an InputError that begins with `name`.
std::string to_pcre2(const std::string& pattern, const std::string& name);

}  // namespace cohort
