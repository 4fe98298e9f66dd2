// Writing, byte for byte as the reference implementation: tensors by descending alignment of their
// type, then by name, and a header padded so that the data is aligned to 8 bytes.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "core/io/posix_file.h"
#include "core/io/safetensors_dtype.h"

namespace cohort {
namespace {

using nlohmann::json;

void check_tensors(const std::string& path, const std::vector<NamedTensor>& tensors) {
  std::set<std::string> names;
  for (const NamedTensor& tensor : tensors) {
    COHORT_CHECK(names.insert(tensor.name).second && tensor.name != "__metadata__",
                 "{}: the name {} is taken", path, tensor.name);
    const auto bytes = tensor_bytes(tensor.dtype, tensor.shape);
    COHORT_CHECK(bytes && *bytes == tensor.data.size(), "{}: {}: {} bytes for {} [{}]", path,
                 tensor.name, tensor.data.size(), dtype_name(tensor.dtype),
                 fmt::join(tensor.shape, ", "));
  }
}

std::string header_of(const std::vector<const NamedTensor*>& order,
                      const std::map<std::string, std::string>& metadata) {
  std::string text = "{";
  if (!metadata.empty()) text += "\"__metadata__\":" + json(metadata).dump() + ",";
  uint64_t begin = 0;
  for (const NamedTensor* tensor : order) {
    const uint64_t end = begin + tensor->data.size();
    text += fmt::format(R"({}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}},)",
                        json(tensor->name).dump(), dtype_name(tensor->dtype),
                        fmt::join(tensor->shape, ","), begin, end);
    begin = end;
  }
  if (text.back() == ',') text.pop_back();
  text += '}';
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

// Names that a model of any number of shards may have.
bool is_model_file(const std::string& name) {
  static const std::regex pattern(
      "model\\.safetensors(\\.index\\.json)?|model-[0-9]{5}-of-[0-9]{5}\\.safetensors");
  return std::regex_match(name, pattern);
}

}  // namespace

void write_safetensors(const std::string& path, const std::vector<NamedTensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  check_tensors(path, tensors);
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const NamedTensor* a, const NamedTensor* b) {
    return a->dtype != b->dtype ? dtype_order(a->dtype) > dtype_order(b->dtype) : a->name < b->name;
  });
  const std::string header = header_of(order, metadata);
  const uint64_t header_bytes = header.size();
  COHORT_CHECK(header_bytes <= kMaxSafetensorsHeaderBytes, "{}: a header of {} bytes", path,
               header_bytes);

  const std::string part = path + ".part";
  const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) posix_file::fail(part, "create");
  try {
    posix_file::write_all(fd, part, &header_bytes, sizeof(header_bytes));
    posix_file::write_all(fd, part, header.data(), header.size());
    for (const NamedTensor* tensor : order)
      posix_file::write_all(fd, part, tensor->data.data(), tensor->data.size());
    if (::fsync(fd) != 0) posix_file::fail(part, "fsync");
  } catch (...) {
    ::close(fd);
    ::unlink(part.c_str());
    throw;
  }
  ::close(fd);
  commit_rename(part, path);
}

void write_safetensors_folder(const std::string& folder, const std::vector<NamedTensor>& tensors,
                              int64_t max_shard_bytes) {
  check_tensors(folder, tensors);
  make_folders(folder);
  // Engines read every *.safetensors that they find, so shards of an earlier export must go first.
  // The index comes last: without it the shards of an interrupted export are no model.
  for (const std::string& name : list_folder(folder)) {
    if (is_model_file(name)) {
      remove_tree(folder + "/" + name);
    } else if (name.ends_with(".safetensors")) {
      log_warning("{}: {} is not part of the model, but some engines will read it", folder, name);
    }
  }

  std::vector<std::vector<NamedTensor>> shards(1);
  int64_t total = 0;
  int64_t in_shard = 0;
  for (const NamedTensor& tensor : tensors) {
    const auto bytes = static_cast<int64_t>(tensor.data.size());
    if (!shards.back().empty() && in_shard + bytes > max_shard_bytes) {
      shards.emplace_back();
      in_shard = 0;
    }
    shards.back().push_back(tensor);
    in_shard += bytes;
    total += bytes;
  }
  if (shards.size() == 1) {
    write_safetensors(folder + "/model.safetensors", tensors);
    return;
  }
  json weight_map = json::object();
  for (size_t i = 0; i < shards.size(); ++i) {
    const std::string name = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    write_safetensors(folder + "/" + name, shards[i]);
    for (const NamedTensor& tensor : shards[i]) weight_map[tensor.name] = name;
  }
  const json index = {{"metadata", {{"total_size", total}}}, {"weight_map", weight_map}};
  write_file_atomic(folder + "/model.safetensors.index.json", index.dump(2) + "\n");
}

}  // namespace cohort
