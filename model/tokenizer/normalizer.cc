#include "model/tokenizer/normalizer.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace cohort {

Normalizer::Normalizer(const nlohmann::json& config, const std::string& file) {
  if (config.is_null()) return;
  const std::string type = config.is_object() ? config.value("type", "") : "";
  if (type == "NFC") {
    nfc_ = true;
  } else if (type == "Sequence") {
    for (const auto& member : config.value("normalizers", nlohmann::json::array()))
      nfc_ = Normalizer(member, file).nfc_ || nfc_;
  } else {
    throw_error<InputError>("{}: normalizer {} is not supported", file, config.dump());
  }
}

std::string Normalizer::apply(std::string_view text) const {
  if (!nfc_) return std::string(text);
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  const icu::StringPiece piece(text.data(), static_cast<int32_t>(text.size()));
  std::string out;
  icu::StringByteSink<std::string> sink(&out, piece.length());
  if (U_SUCCESS(status)) nfc->normalizeUTF8(0, piece, sink, nullptr, status);
  COHORT_CHECK(U_SUCCESS(status), "ICU's NFC: {}", u_errorName(status));
  return out;
}

}  // namespace cohort
