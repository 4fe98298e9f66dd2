#include "model/tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "model/tokenizer/regex_pattern.h"

namespace cohort {
namespace {

std::string pcre_message(int code) {
  PCRE2_UCHAR text[256];
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Code = std::unique_ptr<pcre2_code, Freed<pcre2_code_free>>;
using CompileContext = std::unique_ptr<pcre2_compile_context, Freed<pcre2_compile_context_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Freed<pcre2_match_context_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Freed<pcre2_match_data_free>>;

// What a thread matches with, whatever the pattern.
struct Workspace {
  MatchContext context{pcre2_match_context_create(nullptr)};
  MatchData data{pcre2_match_data_create(1, nullptr)};
  size_t limited_for = 0;

  Workspace() { limit(1); }
  // A run of n spaces costs some n steps, and the default limit stops at ten million; a pattern
  // that backtracks without end is stopped by a limit that the text's length sets.
  void limit(size_t text_size) {
    if (text_size <= limited_for && limited_for <= 2 * text_size + (1u << 20)) return;
    limited_for = text_size;
    const size_t steps = 10000000 + 16 * text_size;
    pcre2_set_match_limit(context.get(), static_cast<uint32_t>(std::min<size_t>(steps, 1u << 31)));
    pcre2_set_heap_limit(context.get(), 1u << 20);  // KiB; for the interpreter
  }
};

}  // namespace

struct Regex::Impl {
  Code code;
  std::array<bool, 256> may_begin;  // by the first byte of a match

  void find_beginnings();
};

// A match from one ASCII character on fails only if none can begin with it: where more text might
// have helped, a partial match is found. Patterns that look back could need what stands before.
void Regex::Impl::find_beginnings() {
  may_begin.fill(true);
  uint32_t looks_back = 0;
  pcre2_pattern_info(code.get(), PCRE2_INFO_MAXLOOKBEHIND, &looks_back);
  if (looks_back > 0) return;
  const MatchData data(pcre2_match_data_create(1, nullptr));
  for (PCRE2_UCHAR c = 0; c < 0x80; ++c)
    may_begin[c] = pcre2_match(code.get(), &c, 1, 0, PCRE2_ANCHORED | PCRE2_PARTIAL_HARD,
                               data.get(), nullptr) != PCRE2_ERROR_NOMATCH;
}

std::unique_ptr<Regex::Impl> Regex::compile(const std::string& pcre2, const std::string& pattern,
                                            const std::string& name) {
  const CompileContext context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto impl = std::make_unique<Impl>();
  impl->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pcre2.data()), pcre2.size(),
                                 PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &error, &offset,
                                 context.get()));
  if (impl->code == nullptr)
    throw_error<InputError>("{}: pattern {} does not compile: {}", name, pattern,
                            pcre_message(error));
  uint32_t matches_empty = 0;
  pcre2_pattern_info(impl->code.get(), PCRE2_INFO_MATCHEMPTY, &matches_empty);
  if (matches_empty != 0)
    throw_error<InputError>("{}: pattern {} can match nothing at all", name, pattern);
  impl->find_beginnings();
  pcre2_jit_compile(impl->code.get(), PCRE2_JIT_COMPLETE);  // where there is no JIT it interprets
  return impl;
}

Regex::Regex(const std::string& pattern, const std::string& name)
    : impl_(compile(to_pcre2(pattern, name), pattern, name)) {}

Regex::Regex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

std::unique_ptr<Regex> Regex::of_pcre2(const std::string& pattern, const std::string& name) {
  return std::unique_ptr<Regex>(new Regex(compile(pattern, pattern, name)));
}

Regex::~Regex() = default;

bool Regex::find(std::string_view text, size_t position, RegexMatch& match) const {
  while (position < text.size() && !impl_->may_begin[static_cast<uint8_t>(text[position])])
    ++position;
  if (position >= text.size()) return false;
  static thread_local Workspace workspace;
  workspace.limit(text.size());
  const auto run = [&](uint32_t options) {
    return pcre2_match(impl_->code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                       position, PCRE2_NO_UTF_CHECK | options, workspace.data.get(),
                       workspace.context.get());
  };
  int count = run(0);
  if (count == PCRE2_ERROR_JIT_STACKLIMIT) count = run(PCRE2_NO_JIT);
  if (count == PCRE2_ERROR_NOMATCH) return false;
  // Anything else is not "no match" and must not pass for one.
  if (count < 0) throw_error<InputError>("splitting text failed: {}", pcre_message(count));
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(workspace.data.get());
  match = {bounds[0], bounds[1]};
  return true;
}

}  // namespace cohort
