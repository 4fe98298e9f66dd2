// safetensors files and Hugging Face folders of them (sharded with an index, or one file).
// Memory-mapped reads; every length, offset, dtype and name is checked before use. Format:
// docs/formats.md. Tensor data is bytes here: core/io knows no tensor library.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cohort {

enum class DType { f32, f16, bf16, f64, i64, i32, i16, i8, u8, boolean, f8_e4m3, f8_e5m2 };
size_t dtype_size(DType dtype);
const char* dtype_name(DType dtype);  // "F32", "BF16", ... as safetensors spells them

struct TensorView {
  DType dtype;
  std::vector<int64_t> shape;
  std::span<const std::byte> data;  // little-endian, contiguous; lives as long as the file object
};

class SafetensorsFile {
 public:
  // Throws InputError naming the file, the tensor and the fault.
  static std::shared_ptr<const SafetensorsFile> open(const std::string& path);
  virtual ~SafetensorsFile() = default;
  virtual const std::map<std::string, TensorView>& tensors() const = 0;
  virtual const std::map<std::string, std::string>& metadata() const = 0;
  // The pages of a part of a tensor's data leave this process's memory: for data that is not read
  // again soon. It stays readable. Other data than this file's is left alone.
  virtual void release(std::span<const std::byte> data) const = 0;
};

// All tensors of a folder: model.safetensors, or the files of model.safetensors.index.json.
class SafetensorsFolder {
 public:
  static std::shared_ptr<const SafetensorsFolder> open(const std::string& folder);
  virtual ~SafetensorsFolder() = default;
  virtual const std::map<std::string, TensorView>& tensors() const = 0;
  virtual void release(std::span<const std::byte> data) const = 0;  // SafetensorsFile's
};

struct NamedTensor {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape;
  std::span<const std::byte> data;
};
// One file, written atomically; metadata {"format": "pt"} as Hugging Face writes it.
void write_safetensors(const std::string& path, const std::vector<NamedTensor>& tensors,
                       const std::map<std::string, std::string>& metadata = {{"format", "pt"}});
// model.safetensors, or shards with an index when the total exceeds max_shard_bytes.
void write_safetensors_folder(const std::string& folder, const std::vector<NamedTensor>& tensors,
                              int64_t max_shard_bytes = int64_t{5} << 30);

}  // namespace cohort
