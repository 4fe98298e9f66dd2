#include "model/tokenizer/normalizer.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include "core/base/error.h"

namespace cohort {
namespace {

// Below U+0300 nothing composes, and the bytes of such text are below 0xCC.
bool is_surely_composed(std::string_view text) {
  for (char c : text)
    if (static_cast<uint8_t>(c) >= 0xCC) return false;
  return true;
}

// False, and nothing in `out`, when the text is composed already.
bool compose(std::string_view text, std::string& out) {
  if (is_surely_composed(text)) return false;
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  const icu::StringPiece piece(text.data(), static_cast<int32_t>(text.size()));
  if (U_SUCCESS(status) && nfc->isNormalizedUTF8(piece, status)) return false;
  icu::StringByteSink<std::string> sink(&out, piece.length());
  if (U_SUCCESS(status)) nfc->normalizeUTF8(0, piece, sink, nullptr, status);
  COHORT_CHECK(U_SUCCESS(status), "ICU's NFC: {}", u_errorName(status));
  return true;
}

}  // namespace

Normalizer::Normalizer(const nlohmann::json& config, const std::string& file) {
  if (!config.is_null()) add(config, file);
}

void Normalizer::add(const nlohmann::json& config, const std::string& file) {
  const Fields fields = Fields::of(config, file, "normalizer");
  const std::string type = fields.type();
  if (type == "NFC") {
    fields.only({"type"});
    steps_.emplace_back(Compose{});
  } else if (type == "Prepend") {
    fields.only({"type", "prepend"});
    steps_.emplace_back(Prepend{fields.text("prepend")});
  } else if (type == "Replace") {
    steps_.emplace_back(Replacement(fields));
  } else if (type == "Sequence") {
    fields.only({"type", "normalizers"});
    for (const auto& member : fields.list("normalizers")) add(member, file);
  } else {
    throw_error<InputError>("{}: normalizer {} is not supported", file, type);
  }
}

std::string_view Normalizer::apply(std::string_view text, std::string& buffer) const {
  if (text.empty()) return text;
  for (const auto& step : steps_) {
    std::string out;
    if (std::holds_alternative<Compose>(step)) {
      if (!compose(text, out)) continue;
    } else if (const auto* prepend = std::get_if<Prepend>(&step)) {
      out.reserve(text.size() + prepend->text.size());
      out.append(prepend->text).append(text);
    } else {
      out = std::get<Replacement>(step).apply(text);
    }
    buffer = std::move(out);
    text = buffer;
  }
  return text;
}

}  // namespace cohort
