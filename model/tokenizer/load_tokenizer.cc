// Tokenizer::load and save: the files of a folder, the gzip form of tokenizer.json, and GGUF.
#include <zlib.h>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/io/gguf.h"
#include "model/tokenizer/bpe_tokenizer.h"

namespace cohort {
namespace {

constexpr size_t kMaxJson = size_t{1} << 29;  // a small file may unpack to any size

std::string gunzip(const std::string& compressed, const std::string& file) {
  z_stream stream{};
  COHORT_CHECK(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK, "inflateInit2");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::string out;
  std::string chunk(1 << 16, '\0');
  int status = Z_OK;
  while (status == Z_OK && out.size() <= kMaxJson) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    status = inflate(&stream, Z_NO_FLUSH);
    out.append(chunk, 0, chunk.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (out.size() > kMaxJson)
    throw_error<InputError>("{}: more than {} bytes, unpacked", file, kMaxJson);
  if (status != Z_STREAM_END) throw_error<InputError>("{}: broken gzip stream", file);
  return out;
}

std::shared_ptr<const Tokenizer> from_folder(const std::string& folder) {
  std::map<std::string, std::string> files;
  // Not all are read, but all belong to the model: other programs look for vocab.json and its kin.
  for (const char* name :
       {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "chat_template.jinja", "vocab.json", "merges.txt", "tokenizer.model"})
    if (const std::string file = folder + "/" + name; path_exists(file))
      files[name] = read_file(file);
  const std::string compressed = folder + "/tokenizer.json.gz";
  if (!files.contains("tokenizer.json") && path_exists(compressed))
    files["tokenizer.json"] = gunzip(read_file(compressed), compressed);
  if (!files.contains("tokenizer.json"))
    throw_error<InputError>("{}: has no tokenizer.json", folder);
  return std::make_shared<BpeTokenizer>(std::move(files), folder);
}

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::load(const std::string& path) {
  return path.ends_with(".gguf") ? from_gguf(GgufFile::open(path)->metadata()) : from_folder(path);
}

void Tokenizer::save(const std::string& folder) const {
  make_folders(folder);
  for (const auto& [name, content] : files()) write_file_atomic(folder + "/" + name, content);
}

}  // namespace cohort
