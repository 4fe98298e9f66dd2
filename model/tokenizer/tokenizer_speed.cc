#include "model/tokenizer/tokenizer_speed.h"

#include <algorithm>
#include <ctime>

#include "core/base/error.h"

namespace cohort {
namespace {

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

TokenizerSpeed measure_speed(const Tokenizer& tokenizer, std::span<const std::string> texts,
                             int64_t passes) {
  COHORT_CHECK(passes > 0, "passes = {}", passes);
  TokenizerSpeed speed;
  std::vector<double> encode, decode;
  for (int64_t pass = -1; pass < passes; ++pass) {
    speed.bytes = speed.tokens = 0;
    double encoding = 0, decoding = 0;
    for (const std::string& text : texts) {
      const double start = thread_seconds();
      const std::vector<int32_t> ids = tokenizer.encode(text);
      const double encoded = thread_seconds();
      tokenizer.decode(ids);
      decoding += thread_seconds() - encoded;
      encoding += encoded - start;
      speed.bytes += static_cast<int64_t>(text.size());
      speed.tokens += static_cast<int64_t>(ids.size());
    }
    if (pass < 0) continue;
    const double megabytes = static_cast<double>(speed.bytes) / 1e6;
    encode.push_back(megabytes / std::max(encoding, 1e-9));
    decode.push_back(megabytes / std::max(decoding, 1e-9));
  }
  speed.encode_mb_per_s = median(encode);
  speed.decode_mb_per_s = median(decode);
  return speed;
}

std::vector<std::string> cut_into_texts(const std::string& text, size_t size) {
  std::vector<std::string> texts;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(begin + size, text.size());
    if (end < text.size()) {
      const size_t line = text.rfind('\n', end - 1);
      if (line != std::string::npos && line >= begin)
        end = line + 1;
      else
        while (end < text.size() && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) ++end;
    }
    texts.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return texts;
}

}  // namespace cohort
