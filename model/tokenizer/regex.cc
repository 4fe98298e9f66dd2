#include "model/tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "core/base/error.h"

namespace cohort {
namespace {

// Unicode's White_Space property.
constexpr const char* kSpaceClass =
    "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{"
    "205f}\\x{3000}";

// \s and \S become explicit classes. Inside brackets \S has no such form and is refused by the
// caller.
std::string spell_out_space(const std::string& pattern, const std::string& name) {
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char next = pattern[++i];
      if (next == 's') {
        out += in_class ? kSpaceClass : fmt::format("[{}]", kSpaceClass);
      } else if (next == 'S') {
        if (in_class)
          throw_error<InputError>("{}: \\S inside brackets is not supported: {}", name, pattern);
        out += fmt::format("[^{}]", kSpaceClass);
      } else {
        out += {c, next};
      }
      continue;
    }
    if (c == '[' && !in_class)
      in_class = true;
    else if (c == ']' && in_class)
      in_class = false;
    out += c;
  }
  return out;
}

std::string pcre_message(int code) {
  PCRE2_UCHAR text[256];
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

}  // namespace

struct Regex::Impl {
  pcre2_code* code = nullptr;
  pcre2_match_context* context = nullptr;
  ~Impl() {
    pcre2_code_free(code);
    pcre2_match_context_free(context);
  }
};

Regex::Regex(const std::string& pattern, const std::string& name)
    : impl_(std::make_unique<Impl>()) {
  const std::string spelled = spell_out_space(pattern, name);
  int error = 0;
  PCRE2_SIZE offset = 0;
  impl_->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(spelled.data()), spelled.size(),
                              PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr);
  if (impl_->code == nullptr)
    throw_error<InputError>("{}: pattern {} does not compile: {}", name, pattern,
                            pcre_message(error));
  pcre2_jit_compile(impl_->code, PCRE2_JIT_COMPLETE);  // where there is no JIT it interprets
  impl_->context = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(impl_->context, 1u << 31);  // the default stops at ten million spaces
}

Regex::~Regex() = default;

void Regex::find_all(std::string_view text,
                     const std::function<void(size_t begin, size_t end)>& match) const {
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create_from_pattern(impl_->code, nullptr), pcre2_match_data_free);
  size_t position = 0;
  while (position < text.size()) {
    const int count =
        pcre2_match(impl_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), position,
                    PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, data.get(), impl_->context);
    if (count == PCRE2_ERROR_NOMATCH) return;
    // Anything else is not "no match" and must not pass for one.
    if (count < 0) throw_error<InputError>("splitting text failed: {}", pcre_message(count));
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data.get());
    match(bounds[0], bounds[1]);
    position = bounds[1];
  }
}

}  // namespace cohort
