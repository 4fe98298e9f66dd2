// Reading. Nothing is used before its check, and no count of the file is believed before the file
// is seen to be long enough for it.
#include <bit>
#include <cstring>
#include <unordered_map>

#include "core/base/error.h"
#include "core/io/gguf/layout.h"
#include "core/io/mapped_file.h"
#include "core/io/shown.h"

namespace cohort {

static_assert(std::endian::native == std::endian::little,
              "numbers are used as they are in the file");

namespace {

using namespace gguf_layout;

// Reads from the front of a file. `what` is named when the file ends within it.
class Cursor {
 public:
  Cursor(const std::string& path, std::span<const std::byte> file) : path_(path), file_(file) {}

  uint64_t at() const { return at_; }
  uint64_t left() const { return file_.size() - at_; }

  template <class T>
  T number(std::string_view what) {
    T out;
    std::memcpy(&out, take(sizeof(T), what), sizeof(T));
    return out;
  }

  std::string_view string(std::string_view what) {
    const auto size = number<uint64_t>(what);
    if (size > kMaxStringBytes)
      throw_error<InputError>("{}: {}: a string of {} bytes, at most {} are allowed", path_, what,
                              size, kMaxStringBytes);
    return {reinterpret_cast<const char*>(take(size, what)), size};
  }

  const std::byte* take(uint64_t size, std::string_view what) {
    if (size > left())
      throw_error<InputError>("{}: truncated: {} needs {} bytes at byte {}, the file has {}", path_,
                              what, size, at_, file_.size());
    const std::byte* out = file_.data() + at_;
    at_ += size;
    return out;
  }

 private:
  const std::string& path_;
  std::span<const std::byte> file_;
  uint64_t at_ = 0;
};

class ValueReader {
 public:
  ValueReader(const std::string& path, Cursor& cursor) : path_(path), cursor_(cursor) {}

  GgufValue read(std::string_view key) {
    what_ = fmt::format("key {}", shown(key));
    uint32_t type = cursor_.number<uint32_t>(what_);
    const bool is_array = type == kArray;
    uint64_t count = 1;
    if (is_array) {
      type = cursor_.number<uint32_t>(what_);
      count = cursor_.number<uint64_t>(what_);
      if (type == kArray) fail("arrays of arrays are not allowed");
      if (count > kMaxArrayElements)
        fail(fmt::format("an array of {} elements, at most {} are allowed", count,
                         kMaxArrayElements));
    }
    if (type >= kTypes) fail(fmt::format("{} is no type of a value", type));
    switch (type) {
      case 0:
        return numbers<uint8_t>(is_array, count);
      case 1:
        return numbers<int8_t>(is_array, count);
      case 2:
        return numbers<uint16_t>(is_array, count);
      case 3:
        return numbers<int16_t>(is_array, count);
      case 4:
        return numbers<uint32_t>(is_array, count);
      case 5:
        return numbers<int32_t>(is_array, count);
      case 6:
        return numbers<float>(is_array, count);
      case 7:
        return bools(is_array, count);
      case 8:
        return strings(is_array, count);
      case 10:
        return numbers<uint64_t>(is_array, count);
      case 11:
        return numbers<int64_t>(is_array, count);
      default:
        return numbers<double>(is_array, count);
    }
  }

 private:
  [[noreturn]] void fail(const std::string& fault) const {
    throw_error<InputError>("{}: {}: {}", path_, what_, fault);
  }

  template <class T>
  GgufValue numbers(bool is_array, uint64_t count) {
    if (!is_array) return cursor_.number<T>(what_);
    const std::byte* bytes = cursor_.take(count * sizeof(T), what_);
    std::vector<T> out(count);
    if (count > 0) std::memcpy(out.data(), bytes, count * sizeof(T));
    return out;
  }

  GgufValue bools(bool is_array, uint64_t count) {
    const std::byte* bytes = cursor_.take(count, what_);
    for (uint64_t i = 0; i < count; ++i)
      if (bytes[i] > std::byte{1})
        fail(fmt::format("a bool is 0 or 1, not {}", static_cast<int>(bytes[i])));
    if (!is_array) return bytes[0] == std::byte{1};
    std::vector<bool> out(count);
    for (uint64_t i = 0; i < count; ++i) out[i] = bytes[i] == std::byte{1};
    return out;
  }

  GgufValue strings(bool is_array, uint64_t count) {
    if (!is_array) return std::string(cursor_.string(what_));
    if (count > cursor_.left() / sizeof(uint64_t))
      fail(fmt::format("truncated: an array of {} strings in {} bytes", count, cursor_.left()));
    std::vector<std::string> out;
    out.reserve(count);
    for (uint64_t i = 0; i < count; ++i) out.emplace_back(cursor_.string(what_));
    return out;
  }

  const std::string& path_;
  Cursor& cursor_;
  std::string what_;
};

class GgufFileImpl final : public GgufFile {
 public:
  explicit GgufFileImpl(const std::string& path)
      : path_(path), file_(path), metadata_(path), cursor_(path_, file_.bytes()) {
    check_version();
    const auto tensors = cursor_.number<uint64_t>("the header");
    const auto keys = cursor_.number<uint64_t>("the header");
    // The least that a key (length, a character, type, a byte) and a tensor (length, a character,
    // number of extents, type, offset) take.
    check_count("keys", keys, 8 + 1 + 4 + 1);
    check_count("tensors", tensors, 8 + 1 + 4 + 4 + 8);
    for (uint64_t i = 0; i < keys; ++i) read_key(i);
    check_split();
    read_tensors(tensors);
  }

  const GgufMetadata& metadata() const override { return metadata_; }
  const std::vector<GgufTensor>& tensors() const override { return tensors_; }
  void release(std::span<const std::byte> data) const override { file_.release(data); }
  const GgufTensor* find(std::string_view name) const override {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &tensors_[found->second];
  }

 private:
  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw_error<InputError>("{}: {}", path_, fmt::format(format, std::forward<Args>(args)...));
  }

  void check_version() {
    const auto bytes = file_.bytes();
    if (bytes.size() < kMagic.size() ||
        std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0)
      fail("not a GGUF file: it does not begin with \"GGUF\"");
    cursor_.take(kMagic.size(), "the header");
    const auto version = cursor_.number<uint32_t>("the header");
    if (version != 0 && (version & 0xffff) == 0)
      fail("a big-endian GGUF file; only little-endian ones are read");
    if (version != kVersion) fail("GGUF version {}, expected {}", version, kVersion);
  }

  void check_count(const char* what, uint64_t count, uint64_t least_bytes) const {
    if (count > cursor_.left() / least_bytes)
      fail("truncated: {} {} in a file of {} bytes", count, what, file_.bytes().size());
  }

  void read_key(uint64_t place) {
    const std::string_view key = cursor_.string(fmt::format("key number {}", place + 1));
    if (const std::string fault = fault_of_key(key); !fault.empty())
      fail("key number {} {}: {}", place + 1, fault, shown(key));
    if (metadata_.contains(key)) fail("key {} occurs twice", shown(key));
    metadata_.add(std::string(key), ValueReader(path_, cursor_).read(key));
  }

  void check_split() const {
    if (!metadata_.contains("split.count")) return;
    const int64_t count = metadata_.integer("split.count");
    if (count > 1)
      fail("one of the {} shards of a split model; merge them (llama-gguf-split --merge)", count);
  }

  uint64_t alignment() const {
    if (!metadata_.contains(kAlignmentKey)) return kDefaultAlignment;
    const auto alignment = static_cast<uint64_t>(metadata_.integer(kAlignmentKey));
    if (const std::string fault = fault_of_alignment(alignment); !fault.empty())
      fail("key {}: {}", kAlignmentKey, fault);
    return alignment;
  }

  void read_tensors(uint64_t count) {
    const uint64_t align = alignment();
    tensors_.reserve(count);
    std::vector<uint64_t> offsets;
    offsets.reserve(count);
    for (uint64_t i = 0; i < count; ++i) offsets.push_back(read_info(i));
    for (size_t i = 0; i < tensors_.size(); ++i)
      if (!index_.emplace(tensors_[i].name, i).second)
        fail("tensor {} occurs twice", shown(tensors_[i].name));

    const auto bytes = file_.bytes();
    const uint64_t begin = padded(cursor_.at(), align);  // of the data; the file may end before
    const uint64_t size = bytes.size() > begin ? bytes.size() - begin : 0;
    uint64_t at = 0;
    for (size_t i = 0; i < tensors_.size(); ++i) {
      GgufTensor& tensor = tensors_[i];
      const uint64_t tensor_size = tensor_bytes(tensor.type, tensor.shape);
      if (offsets[i] != at)
        fail("tensor {}: offset {}, expected {}: tensors follow one another, each padded to {}",
             shown(tensor.name), offsets[i], at, align);
      // Here at <= padded(size), so that nothing overflows.
      if (at > size || tensor_size > size - at)
        fail("truncated: tensor {} needs {} bytes at byte {}, the file has {}", shown(tensor.name),
             tensor_size, begin + at, bytes.size());
      if (tensor_size > 0) tensor.data = bytes.subspan(begin + at, tensor_size);
      at = padded(at + tensor_size, align);
    }
    if (size > at) fail("{} bytes after the last tensor", size - at);
  }

  // Adds a tensor without its data, and returns its offset.
  uint64_t read_info(uint64_t place) {
    const std::string_view name = cursor_.string(fmt::format("tensor number {}", place + 1));
    if (const std::string fault = fault_of_name(name); !fault.empty())
      fail("tensor number {}: {}: {}", place + 1, fault, shown(name));
    const std::string what = fmt::format("tensor {}", shown(name));
    const auto extents = cursor_.number<uint32_t>(what);
    if (extents > kMaxExtents)
      fail("{}: {} extents, at most {} are allowed", what, extents, kMaxExtents);
    std::vector<int64_t> shape(extents);
    for (uint32_t i = extents; i-- > 0;) {  // the file has the contiguous one first
      const auto extent = cursor_.number<uint64_t>(what);
      if (extent > INT64_MAX) fail("{}: {} is not an extent", what, extent);
      shape[i] = static_cast<int64_t>(extent);
    }
    const auto number = cursor_.number<uint32_t>(what);
    const auto type = type_of_number(number);
    if (!type && name_of_number(number))
      fail("{}: type {} is not supported", what, name_of_number(number));
    if (!type) fail("{}: type {} is unknown", what, number);
    if (const std::string fault = fault_of_shape(*type, shape); !fault.empty())
      fail("{}: {}", what, fault);
    tensors_.push_back({std::string(name), *type, std::move(shape), {}});
    return cursor_.number<uint64_t>(what);
  }

  std::string path_;
  MappedFile file_;
  GgufMetadata metadata_;
  std::vector<GgufTensor> tensors_;
  std::unordered_map<std::string_view, size_t> index_;  // of tensors_, which no longer grows
  Cursor cursor_;
};

}  // namespace

std::shared_ptr<const GgufFile> GgufFile::open(const std::string& path) {
  return std::make_shared<GgufFileImpl>(path);
}

}  // namespace cohort
