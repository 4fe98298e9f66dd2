// GGUF files, version 3, as llama.cpp and its kin read and write them. Memory-mapped reads; every
// length, offset, type and name is checked before use. Format and checks: docs/formats.md, after
// ggml's own docs/gguf.md. Tensor data is bytes here; core/io/gguf/quants.h turns it into numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace cohort {

// The element types that we read, by their numbers in the file.
enum class GgmlType : uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  bf16 = 30
};
const char* ggml_type_name(GgmlType type);   // "F32", "Q4_K", ... as ggml spells them
int64_t ggml_block_elements(GgmlType type);  // 1, 32 or 256; the last extent is a multiple of it
int64_t ggml_block_bytes(GgmlType type);
size_t ggml_bytes(GgmlType type, size_t elements);  // of whole blocks

// A value of the metadata, in the width that the file has. An array holds one type, never arrays.
using GgufValue = std::variant<uint8_t, int8_t, uint16_t, int16_t, uint32_t, int32_t, float, bool,
                               std::string, uint64_t, int64_t, double, std::vector<uint8_t>,
                               std::vector<int8_t>, std::vector<uint16_t>, std::vector<int16_t>,
                               std::vector<uint32_t>, std::vector<int32_t>, std::vector<float>,
                               std::vector<bool>, std::vector<std::string>, std::vector<uint64_t>,
                               std::vector<int64_t>, std::vector<double>>;

// Keys and values in the order of the file. Writers differ in the width of integers, so the
// accessors take any that holds the value; each throws InputError naming file and key when the key
// is missing, the value is of another kind, or it does not fit.
class GgufMetadata {
 public:
  // `file` is what errors call it.
  explicit GgufMetadata(std::string file) : file_(std::move(file)) {}

  const std::string& file() const { return file_; }
  const std::vector<std::pair<std::string, GgufValue>>& entries() const { return entries_; }
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  const GgufValue* find(std::string_view key) const;  // null when missing
  // Adds a key at the end. CheckError when it is there, is empty or is not printable ASCII.
  void add(std::string key, GgufValue value);

  int64_t integer(std::string_view key, int64_t lowest = 0, int64_t highest = INT64_MAX) const;
  double real(std::string_view key) const;  // an integer counts as one; NaN and infinities do not
  bool boolean(std::string_view key) const;
  const std::string& string(std::string_view key) const;
  // An array of `count` integers, each in [lowest, highest], or one that stands for all: what
  // llama.cpp allows where layers differ.
  std::vector<int64_t> integers(std::string_view key, size_t count, int64_t lowest = 0,
                                int64_t highest = INT64_MAX) const;
  // Arrays of any length.
  std::vector<int64_t> integers(std::string_view key) const;
  std::vector<float> reals(std::string_view key) const;  // f32 or f64, finite or not
  const std::vector<std::string>& strings(std::string_view key) const;

 private:
  const GgufValue& at(std::string_view key) const;

  std::string file_;
  std::vector<std::pair<std::string, GgufValue>> entries_;
  std::unordered_map<std::string, size_t> index_;
};

struct GgufTensor {
  std::string name;
  GgmlType type;
  std::vector<int64_t> shape;       // as in PyTorch: the last extent is contiguous; 0 to 4 extents
  std::span<const std::byte> data;  // lives as long as the file object; aligned to 8 bytes at least
};

class GgufFile {
 public:
  // Throws InputError naming the file, the key or tensor, and the fault. Shards of a split file,
  // big-endian files and other versions are refused.
  static std::shared_ptr<const GgufFile> open(const std::string& path);
  virtual ~GgufFile() = default;
  virtual const GgufMetadata& metadata() const = 0;
  virtual const std::vector<GgufTensor>& tensors() const = 0;       // in file order
  virtual const GgufTensor* find(std::string_view name) const = 0;  // null when missing
  // The pages of a part of a tensor's data leave this process's memory: for data that is not read
  // again soon. It stays readable.
  virtual void release(std::span<const std::byte> data) const = 0;
};

struct GgufTensorInfo {
  std::string name;
  GgmlType type;
  std::vector<int64_t> shape;  // as in PyTorch
};

// Writes a file whose tensors come one after another, in the order of `tensors`, so that none but
// the piece at hand is in memory. The same content gives the same bytes. PATH.part until finish(),
// which makes it durable and renames it; without finish() the part is removed.
class GgufWriter {
 public:
  // Throws CheckError for what our reader would refuse, IoError. `general.alignment` of the
  // metadata is obeyed.
  GgufWriter(const std::string& path, const GgufMetadata& metadata,
             std::vector<GgufTensorInfo> tensors);
  ~GgufWriter();
  GgufWriter(const GgufWriter&) = delete;
  GgufWriter& operator=(const GgufWriter&) = delete;

  // The next bytes of tensor `name`, which is the first that is not complete.
  void append(std::string_view name, std::span<const std::byte> data);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cohort
