#include "trainer/checkpoint_manifest.h"

#include <fstream>

#include "core/base/error.h"
#include "core/base/files.h"

namespace cohort {
namespace {

constexpr int kFormat = 1;
constexpr size_t kChunk = size_t{8} << 20;

// XXH3 of fixed chunks, each seeded with the hash of those before it.
CheckpointFile hash_file(const std::string& path, const std::string& name) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw_error<InputError>("{}: cannot open", path);
  std::vector<char> chunk(kChunk);
  uint64_t hash = 0;
  int64_t size = 0;
  while (in) {
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    const std::streamsize got = in.gcount();
    if (got == 0) break;
    hash = hash64(chunk.data(), static_cast<size_t>(got), hash);
    size += got;
  }
  if (in.bad()) throw_error<InputError>("{}: cannot read", path);
  return {.name = name, .begin = 0, .end = 0, .size = size, .hash = fmt::format("{:016x}", hash)};
}

}  // namespace

nlohmann::json CheckpointFile::to_json() const {
  return {{"name", name}, {"begin", begin}, {"end", end}, {"size", size}, {"hash", hash}};
}

CheckpointFile CheckpointFile::from_json(const nlohmann::json& json) {
  return {.name = json.at("name"),
          .begin = json.at("begin"),
          .end = json.at("end"),
          .size = json.at("size"),
          .hash = json.at("hash")};
}

std::string CheckpointManifest::to_text() const {
  nlohmann::json listed = nlohmann::json::array();
  for (const CheckpointFile& file : files) listed.push_back(file.to_json());
  const nlohmann::json body = {
      {"format", kFormat}, {"step", step},     {"tick", tick},   {"numel", numel},
      {"dtype", dtype},    {"kernel", kernel}, {"model", model}, {"has_reference", has_reference},
      {"files", listed},   {"state", state}};
  const std::string text = body.dump();
  return nlohmann::json({{"checksum", hash128_hex(text.data(), text.size())}, {"body", body}})
      .dump(1);
}

CheckpointManifest CheckpointManifest::read(const std::string& checkpoint) {
  const std::string path = checkpoint + "/manifest.json";
  try {
    const nlohmann::json json = nlohmann::json::parse(read_file(path));
    const nlohmann::json& body = json.at("body");
    const std::string text = body.dump();
    if (json.at("checksum") != hash128_hex(text.data(), text.size()))
      throw_error<InputError>("{}: its checksum does not fit its content", path);
    if (body.at("format") != kFormat)
      throw_error<InputError>("{}: format {}, this program reads {}", path,
                              body.at("format").dump(), kFormat);
    CheckpointManifest manifest;
    manifest.step = body.at("step");
    manifest.tick = body.at("tick");
    manifest.numel = body.at("numel");
    manifest.dtype = body.at("dtype");
    manifest.kernel = body.at("kernel");
    manifest.model = body.at("model");
    manifest.has_reference = body.at("has_reference");
    for (const nlohmann::json& file : body.at("files"))
      manifest.files.push_back(CheckpointFile::from_json(file));
    manifest.state = body.at("state");
    return manifest;
  } catch (const nlohmann::json::exception& e) {
    throw_error<InputError>("{}: not a whole manifest: {}", path, e.what());
  }
}

std::string rank_file_name(int64_t rank) { return fmt::format("rank_{:05d}.h5", rank); }

CheckpointFile describe_file(const std::string& folder, const std::string& name) {
  return hash_file(folder + "/" + name, name);
}

std::string file_fault(const std::string& folder, const CheckpointFile& file) {
  try {
    const CheckpointFile found = describe_file(folder, file.name);
    if (found.size != file.size)
      return fmt::format("{} has {} bytes, {} were written", file.name, found.size, file.size);
    if (found.hash != file.hash) return fmt::format("{} is altered (checksum)", file.name);
    return "";
  } catch (const InputError& e) {
    return e.what();
  }
}

}  // namespace cohort
