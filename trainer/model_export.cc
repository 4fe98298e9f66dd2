#include "trainer/model_export.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/io/gguf/quants.h"
#include "model/gguf/save_gguf.h"
#include "model/hf_folder.h"

namespace cohort {
namespace {

constexpr const char* kGgufName = "model";

// What Ollama is told beside the file: it finds template and special tokens in the file itself.
std::string modelfile(const LoadedModel& model, const std::string& gguf_name) {
  std::string text = fmt::format("FROM ./{}\n", gguf_name);
  if (const int32_t eos = model.tokenizer->eos_id(); eos >= 0)
    text +=
        fmt::format("PARAMETER stop \"{}\"\n", model.tokenizer->decode(std::vector<int32_t>{eos}));
  return text;
}

void write_gguf(const LoadedModel& model, const std::string& folder, const std::string& stem,
                const std::string& type) {
  const auto file_type = gguf_file_type_of(type);
  if (!file_type)
    throw_error<ConfigError>("type {}: expected {}", type, fmt::join(export_types("gguf"), ", "));
  const std::string name = std::filesystem::path(model.origin).filename().string();
  save_gguf(folder + "/" + stem + ".gguf", *model.store, model.masters.contiguous(),
            *model.tokenizer, *file_type, name.empty() ? "cohort" : name);
  write_file_atomic(folder + "/" + stem + ".Modelfile", modelfile(model, stem + ".gguf"));
}

// As the file's reader will: a value that is not finite in `type` would be found too late.
void check_range(const LoadedModel& model, GgmlType type) {
  const float most = ggml_largest(type);
  const float* values = model.masters.const_data_ptr<float>();
  for (const TensorEntry& t : model.store->tensors())
    for (int64_t i = t.offset; i < t.offset + t.numel; ++i)
      if (!(std::fabs(values[i]) <= most))
        throw_error<InputError>("{}: tensor {}: [{}] is {}, {} holds at most {}", model.origin,
                                t.name, i - t.offset, values[i], ggml_type_name(type), most);
}

}  // namespace

const std::vector<std::string>& export_formats() {
  static const std::vector<std::string> formats = {"hf", "gguf"};
  return formats;
}

std::vector<std::string> export_types(const std::string& format) {
  if (format == "hf") return {"f32", "bf16"};
  std::vector<std::string> types = gguf_file_type_names();
  for (std::string& type : types)
    for (char& c : type) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return types;
}

void export_folder(const LoadedModel& model, const std::string& folder, const std::string& format,
                   const std::string& type,
                   const std::function<void(const std::string& part)>& before_rename) {
  if (path_exists(folder) && !std::filesystem::is_directory(folder))
    throw_error<InputError>("{}: is a file, expected a folder to make", folder);
  if (path_exists(folder) && !list_folder(folder).empty())
    throw_error<InputError>("{}: the folder is not empty", folder);
  const std::string part = folder + ".part";
  if (path_exists(part)) remove_tree(part);
  make_folders(part);
  try {
    if (format == "gguf") {
      write_gguf(model, part, kGgufName, type);
    } else {
      check_range(model, type == "bf16" ? GgmlType::bf16 : GgmlType::f32);
      save_hf_folder(part, *model.store, model.masters,
                     type == "bf16" ? at::kBFloat16 : at::kFloat);
      model.tokenizer->save(part);
    }
    if (before_rename) before_rename(part);
  } catch (...) {
    remove_tree(part);
    throw;
  }
  if (path_exists(folder)) remove_tree(folder);
  commit_rename(part, folder);
}

void export_gguf_file(const LoadedModel& model, const std::string& file, const std::string& type) {
  if (path_exists(file)) throw_error<InputError>("{}: exists already", file);
  const std::filesystem::path path = file;
  const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
  make_folders(folder);
  write_gguf(model, folder, path.stem().string(), type);
}

}  // namespace cohort
