// Any bytes as a safetensors file, and as the index of a folder: refused, or read whole, and then
// written again to a file that says the same.
#include <algorithm>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/io/safetensors.h"
#include "tests/fuzz/checks.h"
#include "tests/fuzz/memory_file.h"

namespace {

using namespace cohort;

template <class Call>
void refused_or_read(Call call) {
  try {
    call();
  } catch (const InputError& e) {
    must(std::string_view(e.what()).find('\n') == std::string_view::npos, "an error of two lines");
  }
}

void read_and_write(const std::string& path, const std::string& copy) {
  const auto file = SafetensorsFile::open(path);
  std::vector<NamedTensor> tensors;
  for (const auto& [name, view] : file->tensors()) {
    size_t bytes = dtype_size(view.dtype);
    for (const int64_t extent : view.shape) bytes *= static_cast<size_t>(extent);
    must(view.data.size() == bytes, "the data is not that of the shape");
    tensors.push_back({name, view.dtype, view.shape, view.data});
  }
  write_safetensors(copy, tensors, file->metadata());
  const auto again = SafetensorsFile::open(copy);
  must(again->metadata() == file->metadata(), "metadata is lost in writing");
  must(again->tensors().size() == tensors.size(), "tensors are lost in writing");
  for (const NamedTensor& tensor : tensors) {
    const TensorView& view = again->tensors().at(tensor.name);
    must(view.dtype == tensor.dtype && view.shape == tensor.shape &&
             std::ranges::equal(view.data, tensor.data),
         "a tensor changed in writing");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static MemoryFile input;
  static const ScratchFolder folder;
  const InTime in_time;
  input.set(data, size);
  refused_or_read([&] { read_and_write(input.path(), folder.file("a.safetensors")); });
  if (size > 0 && data[0] == '{') {
    write_file_atomic(folder.file("model.safetensors.index.json"),
                      {reinterpret_cast<const char*>(data), size});
    refused_or_read([&] { SafetensorsFolder::open(folder.path()); });
  }
  return 0;
}
