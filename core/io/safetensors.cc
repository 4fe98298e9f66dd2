// Reading. The order of the checks follows the reference implementation; nothing is used before its
// check.
#include "core/io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "core/io/mapped_file.h"
#include "core/io/safetensors_dtype.h"
#include "core/io/shown.h"
#include "core/io/strict_json.h"

namespace cohort {

static_assert(std::endian::native == std::endian::little,
              "tensor data is used as it is in the file");

namespace {

using nlohmann::json;

// One tensor's entry of the header.
struct Entry {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape;
  uint64_t begin;
  uint64_t end;
};

class HeaderReader {
 public:
  HeaderReader(const std::string& path, std::span<const std::byte> file)
      : path_(path), file_(file) {}

  // The tensor data that follows the header.
  std::span<const std::byte> read(std::vector<Entry>& entries,
                                  std::map<std::string, std::string>& metadata) const {
    if (file_.size() < 8)
      throw_error<InputError>("{}: {} bytes are no safetensors file", path_, file_.size());
    uint64_t header_bytes;
    std::memcpy(&header_bytes, file_.data(), 8);
    if (header_bytes > kMaxSafetensorsHeaderBytes)
      throw_error<InputError>("{}: header of {} bytes, at most {} are allowed", path_, header_bytes,
                              kMaxSafetensorsHeaderBytes);
    if (header_bytes > file_.size() - 8)
      throw_error<InputError>("{}: header of {} bytes in a file of {}", path_, header_bytes,
                              file_.size());
    const std::string_view text(reinterpret_cast<const char*>(file_.data()) + 8, header_bytes);
    parse_strict_members(path_ + ": header", text, [&](const std::string& name, const json& value) {
      if (name == "__metadata__") {
        read_metadata(value, metadata);
      } else {
        entries.push_back(read_entry(name, value));
      }
    });
    const auto data = file_.subspan(8 + header_bytes);
    check_offsets(entries, data.size());
    return data;
  }

 private:
  template <class... Args>
  [[noreturn]] void fail(const std::string& tensor, fmt::format_string<Args...> format,
                         Args&&... args) const {
    throw_error<InputError>("{}: tensor {}: {}", path_, shown(tensor),
                            fmt::format(format, std::forward<Args>(args)...));
  }

  void read_metadata(const json& value, std::map<std::string, std::string>& metadata) const {
    if (!value.is_object()) throw_error<InputError>("{}: __metadata__ is not an object", path_);
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string())
        throw_error<InputError>("{}: __metadata__: the value of {} is not a string", path_,
                                shown(key));
      metadata[key] = text.get<std::string>();
    }
  }

  Entry read_entry(const std::string& name, const json& value) const {
    if (!value.is_object() || value.size() != 3 || !value.contains("dtype") ||
        !value.contains("shape") || !value.contains("data_offsets"))
      fail(name, "expected an object of dtype, shape and data_offsets");
    const json& dtype = value["dtype"];
    const auto known = dtype.is_string() ? dtype_of_name(dtype.get<std::string>()) : std::nullopt;
    if (!known) fail(name, "dtype {} is not supported", shown(dtype.dump()));

    const json& shape = value["shape"];
    if (!shape.is_array()) fail(name, "shape is not an array");
    Entry entry{name, *known, {}, 0, 0};
    for (const json& extent : shape) {
      if (!extent.is_number_unsigned() || extent.get<uint64_t>() > INT64_MAX)
        fail(name, "shape {}: {} is not an extent", shown(shape.dump()), shown(extent.dump()));
      entry.shape.push_back(extent.get<int64_t>());
    }
    const json& offsets = value["data_offsets"];
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned())
      fail(name, "data_offsets {} are not two offsets", shown(offsets.dump()));
    entry.begin = offsets[0];
    entry.end = offsets[1];
    return entry;
  }

  // The tensors cover the data exactly: no holes, no overlap, each of the size of its shape, none
  // missing.
  void check_offsets(std::vector<Entry>& entries, uint64_t data_bytes) const {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    uint64_t at = 0;
    for (const Entry& entry : entries) {
      if (entry.begin != at || entry.end < entry.begin)
        fail(entry.name, "data_offsets [{}, {}] leave a hole or overlap: expected to begin at {}",
             entry.begin, entry.end, at);
      const auto bytes = tensor_bytes(entry.dtype, entry.shape);
      if (!bytes) fail(entry.name, "shape [{}] overflows", shape_text(entry.shape));
      if (entry.end - entry.begin != *bytes)
        fail(entry.name, "{} bytes of data, {} [{}] needs {}", entry.end - entry.begin,
             dtype_name(entry.dtype), shape_text(entry.shape), *bytes);
      at = entry.end;
    }
    if (at != data_bytes)
      throw_error<InputError>("{}: the tensors need {} bytes, the file holds {}: {}", path_, at,
                              data_bytes, at > data_bytes ? "truncated" : "trailing bytes");
  }

  static std::string shape_text(const std::vector<int64_t>& shape) {
    return shown(fmt::format("{}", fmt::join(shape, ", ")));
  }

  const std::string& path_;
  std::span<const std::byte> file_;
};

class SafetensorsFileImpl final : public SafetensorsFile {
 public:
  explicit SafetensorsFileImpl(const std::string& path) : file_(path) {
    std::vector<Entry> entries;
    const auto data = HeaderReader(path, file_.bytes()).read(entries, metadata_);
    for (Entry& entry : entries)
      tensors_[std::move(entry.name)] = {entry.dtype, std::move(entry.shape),
                                         data.subspan(entry.begin, entry.end - entry.begin)};
  }
  const std::map<std::string, TensorView>& tensors() const override { return tensors_; }
  const std::map<std::string, std::string>& metadata() const override { return metadata_; }
  void release(std::span<const std::byte> data) const override { file_.release(data); }

 private:
  MappedFile file_;
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

class SafetensorsFolderImpl final : public SafetensorsFolder {
 public:
  explicit SafetensorsFolderImpl(const std::string& folder) {
    const std::string single = folder + "/model.safetensors";
    const std::string index = single + ".index.json";
    if (path_exists(single) && path_exists(index))
      throw_error<InputError>("{}: holds model.safetensors and an index of shards; one is stale",
                              folder);
    if (path_exists(single)) {
      add_file(single, nullptr);
      warn_of_others(folder, {"model.safetensors"});
    } else if (path_exists(index)) {
      read_shards(folder, index);
    } else {
      throw_error<InputError>("{}: neither model.safetensors nor model.safetensors.index.json",
                              folder);
    }
  }
  const std::map<std::string, TensorView>& tensors() const override { return tensors_; }
  void release(std::span<const std::byte> data) const override {
    for (const auto& file : files_) file->release(data);
  }

 private:
  void read_shards(const std::string& folder, const std::string& index) {
    const json content = parse_strict_json(index, read_file(index));
    if (!content.is_object() || !content.contains("weight_map") ||
        !content["weight_map"].is_object())
      throw_error<InputError>("{}: no weight_map", index);
    std::map<std::string, std::set<std::string>> names_of_file;
    for (const auto& [tensor, file] : content["weight_map"].items()) {
      if (!file.is_string() || !is_plain_name(file.get<std::string>()))
        throw_error<InputError>("{}: tensor {}: {} is not a file name of this folder", index,
                                shown(tensor), shown(file.dump()));
      names_of_file[file.get<std::string>()].insert(tensor);
    }
    std::set<std::string> files;
    for (const auto& [file, names] : names_of_file) {
      if (!path_exists(folder + "/" + file))
        throw_error<InputError>("{}: shard {} is missing", index, shown(file));
      add_file(folder + "/" + file, &names);
      files.insert(file);
    }
    warn_of_others(folder, files);
  }

  // A name that stays in the folder.
  static bool is_plain_name(const std::string& name) {
    return !name.empty() && name != "." && name != ".." &&
           name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
  }

  // `expected`: the names that the index places in this file, and no others may be in it.
  void add_file(const std::string& path, const std::set<std::string>* expected) {
    files_.push_back(SafetensorsFile::open(path));
    const auto& found = files_.back()->tensors();
    if (expected) {
      for (const std::string& name : *expected)
        if (!found.contains(name))
          throw_error<InputError>("{}: the index places tensor {} here, the file lacks it", path,
                                  shown(name));
      for (const auto& [name, view] : found)
        if (!expected->contains(name))
          throw_error<InputError>("{}: tensor {} is here, but not by the index", path, shown(name));
    }
    tensors_.insert(found.begin(), found.end());
  }

  static void warn_of_others(const std::string& folder, const std::set<std::string>& used) {
    for (const std::string& name : list_folder(folder))
      if (name.ends_with(".safetensors") && !used.contains(name))
        log_warning("{}: {} is not part of the model and is not read", folder, name);
  }

  std::vector<std::shared_ptr<const SafetensorsFile>> files_;
  std::map<std::string, TensorView> tensors_;
};

}  // namespace

std::shared_ptr<const SafetensorsFile> SafetensorsFile::open(const std::string& path) {
  return std::make_shared<SafetensorsFileImpl>(path);
}

std::shared_ptr<const SafetensorsFolder> SafetensorsFolder::open(const std::string& folder) {
  return std::make_shared<SafetensorsFolderImpl>(folder);
}

}  // namespace cohort
