// Any bytes as a GGUF file: refused, or read whole, and then written again to bytes that say the
// same.
#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/io/gguf.h"
#include "core/io/gguf/quants.h"
#include "tests/fuzz/checks.h"
#include "tests/fuzz/memory_file.h"

namespace {

using namespace cohort;

template <class Call>
void any_answer(Call call) {
  try {
    static_cast<void>(call());
  } catch (const InputError&) {
  }
}

void ask_everything(const GgufMetadata& metadata) {
  for (const auto& [key, value] : metadata.entries()) {
    must(metadata.find(key) == &value, "a key is not found");
    any_answer([&] { return metadata.integer(key); });
    any_answer([&] { return metadata.integers(key); });
    any_answer([&] { return metadata.integers(key, 3, -5, 5); });
    any_answer([&] { return metadata.real(key); });
    any_answer([&] { return metadata.reals(key); });
    any_answer([&] { return metadata.boolean(key); });
    any_answer([&] { return metadata.string(key).size(); });
    any_answer([&] { return metadata.strings(key).size(); });
  }
}

void read_tensor(const GgufTensor& tensor) {
  const auto elements = tensor.data.size() / static_cast<size_t>(ggml_block_bytes(tensor.type)) *
                        static_cast<size_t>(ggml_block_elements(tensor.type));
  int64_t of_shape = 1;
  for (const int64_t extent : tensor.shape) of_shape *= extent;
  must(static_cast<size_t>(of_shape) == elements, "the data is not that of the shape");
  std::vector<float> values(elements);
  ggml_dequantize(tensor.type, tensor.data, values);

  // The first of them as blocks of some type.
  constexpr float kMostHalf = 65504.0f;
  constexpr GgmlType kTypes[] = {GgmlType::f16,  GgmlType::bf16, GgmlType::q8_0, GgmlType::q4_0,
                                 GgmlType::q4_1, GgmlType::q5_0, GgmlType::q5_1, GgmlType::q4_k,
                                 GgmlType::q5_k, GgmlType::q6_k};
  for (float& value : values)
    value = std::isfinite(value) ? std::clamp(value, -kMostHalf, kMostHalf) : 0.0f;
  const GgmlType type = kTypes[tensor.name.size() % std::size(kTypes)];
  values.resize(256);
  std::vector<std::byte> data(ggml_bytes(type, values.size()));
  ggml_quantize(type, values, data);
  ggml_dequantize(type, data, values);
  for (const float value : values) must(std::isfinite(value), "finite values became infinite");
}

void write(const GgufFile& file, const std::string& path) {
  std::vector<GgufTensorInfo> infos;
  for (const GgufTensor& tensor : file.tensors())
    infos.push_back({tensor.name, tensor.type, tensor.shape});
  GgufWriter writer(path, file.metadata(), infos);
  for (const GgufTensor& tensor : file.tensors())
    if (!tensor.data.empty()) writer.append(tensor.name, tensor.data);
  writer.finish();
}

// The writer takes the alignment as the format has it; the reader any integer.
bool has_plain_alignment(const GgufMetadata& metadata) {
  const GgufValue* value = metadata.find("general.alignment");
  if (!value) return true;
  const uint32_t* alignment = std::get_if<uint32_t>(value);
  constexpr uint32_t kSmall = 1 << 16;  // or the padding is the file
  return alignment && *alignment <= kSmall;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static MemoryFile input;
  static const ScratchFolder folder;
  const InTime in_time;
  input.set(data, size);
  try {
    const auto file = GgufFile::open(input.path());
    ask_everything(file->metadata());
    for (const GgufTensor& tensor : file->tensors()) {
      must(file->find(tensor.name) == &tensor, "a tensor is not found");
      read_tensor(tensor);
    }
    if (!has_plain_alignment(file->metadata())) return 0;
    write(*file, folder.file("once"));
    const auto again = GgufFile::open(folder.file("once"));
    must(again->tensors().size() == file->tensors().size(), "tensors are lost in writing");
    write(*again, folder.file("twice"));
    must(read_file(folder.file("once")) == read_file(folder.file("twice")),
         "a file that is written again is another");
  } catch (const InputError& e) {
    must(std::string_view(e.what()).find('\n') == std::string_view::npos, "an error of two lines");
  }
  return 0;
}
