// A tokenizer.json of any bytes, up to the first zero byte, and a text of any bytes: refused, or
// encoded and decoded, whole and as a stream, to the same valid UTF-8.
#include <algorithm>

#include "core/base/error.h"
#include "model/tokenizer/bpe_tokenizer.h"
#include "model/tokenizer/utf8.h"
#include "tests/fuzz/checks.h"

namespace {

using namespace cohort;

void check(const Tokenizer& tokenizer, std::string_view text, bool special_as_text) {
  const std::vector<int32_t> ids = tokenizer.encode(text, special_as_text);
  for (const int32_t id : ids) must(id >= 0 && id < tokenizer.vocab_size(), "an id of no token");
  for (const bool skip_special : {false, true}) {
    const std::string decoded = tokenizer.decode(ids, skip_special);
    must(first_invalid_utf8(decoded) == std::string_view::npos, "decoded to what is not UTF-8");
    const auto stream = tokenizer.stream_decoder(skip_special);
    std::string streamed;
    for (const int32_t id : ids) {
      const std::string piece = stream->push(id);
      must(first_invalid_utf8(piece) == std::string_view::npos, "streamed what is not UTF-8");
      streamed += piece;
    }
    must(streamed + stream->finish() == decoded, "the stream differs from the whole");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), size);
  const std::string_view text = input.substr(std::min(end + 1, size));
  try {
    const BpeTokenizer tokenizer({{"tokenizer.json", std::string(input.substr(0, end))}}, "fuzz");
    for (const bool special_as_text : {false, true}) check(tokenizer, text, special_as_text);
  } catch (const InputError&) {
  }
  return 0;
}
