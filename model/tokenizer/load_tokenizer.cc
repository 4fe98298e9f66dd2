// Tokenizer::load: the files of a folder, and the gzip form of tokenizer.json.
#include <zlib.h>

#include "core/base/error.h"
#include "core/base/files.h"
#include "model/tokenizer/bpe_tokenizer.h"

namespace cohort {
namespace {

std::string gunzip(const std::string& compressed, const std::string& file) {
  z_stream stream{};
  COHORT_CHECK(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK, "inflateInit2");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::string out;
  std::string chunk(1 << 16, '\0');
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    status = inflate(&stream, Z_NO_FLUSH);
    out.append(chunk, 0, chunk.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) throw_error<InputError>("{}: broken gzip stream", file);
  return out;
}

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::load(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
                           "added_tokens.json", "chat_template.jinja"})
    if (const std::string path = folder + "/" + name; path_exists(path))
      files[name] = read_file(path);
  const std::string compressed = folder + "/tokenizer.json.gz";
  if (!files.contains("tokenizer.json") && path_exists(compressed))
    files["tokenizer.json"] = gunzip(read_file(compressed), compressed);
  if (!files.contains("tokenizer.json"))
    throw_error<InputError>("{}: has no tokenizer.json", folder);
  return std::make_shared<BpeTokenizer>(std::move(files), folder);
}

}  // namespace cohort
