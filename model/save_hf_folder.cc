#include <ATen/ops/equal.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/io/safetensors.h"
#include "model/hf_config/config_text.h"
#include "model/hf_folder.h"
#include "model/parameter_layout.h"

namespace cohort {
namespace {

using nlohmann::json;

std::string generation_config_text(const ModelConfig& c) {
  const auto kept = c.hf_files.find(kHfGenerationConfig);
  if (kept != c.hf_files.end()) return kept->second;
  json generation = json::object();
  for (const auto& [key, id] :
       {std::pair{"bos_token_id", c.bos_token_id}, std::pair{"eos_token_id", c.eos_token_id},
        std::pair{"pad_token_id", c.pad_token_id}})
    if (id >= 0) generation[key] = id;
  return generation.dump(2) + "\n";
}

std::set<std::string> listed_tensors(const ModelConfig& c) {
  const auto kept = c.hf_files.find(kHfTensors);
  if (kept == c.hf_files.end()) return {};
  const json names = json::parse(kept->second, nullptr, /*allow_exceptions=*/false);
  if (!names.is_array() || !std::ranges::all_of(names, &json::is_string))
    throw_error<InputError>("{} of the model: is no list of names", kHfTensors);
  return names.get<std::set<std::string>>();
}

std::span<const std::byte> bytes_of(const at::Tensor& t) {
  return {static_cast<const std::byte*>(t.const_data_ptr()), t.nbytes()};
}

}  // namespace

void save_hf_folder(const std::string& folder, const ParameterStore& store, const at::Tensor& flat,
                    at::ScalarType dtype) {
  COHORT_CHECK(dtype == at::kFloat || dtype == at::kBFloat16, "weights are saved as fp32 or bf16");
  COHORT_CHECK_EQ(flat.numel(), store.numel());
  if (path_exists(folder) && !list_folder(folder).empty())
    throw_error<InputError>("{}: is not empty; a model is written into a new folder", folder);
  make_folders(folder);

  const ModelConfig& c = store.config();
  const std::set<std::string> listed = listed_tensors(c);
  const at::Tensor values = flat.cpu().to(dtype).contiguous();
  const std::span<const std::byte> bytes = bytes_of(values);
  const DType file_dtype = dtype == at::kFloat ? DType::f32 : DType::bf16;
  const size_t size = dtype_size(file_dtype);
  std::vector<NamedTensor> tensors;
  for (const TensorEntry& t : store.tensors())
    tensors.push_back(
        {t.name, file_dtype, t.shape,
         bytes.subspan(static_cast<size_t>(t.offset) * size, static_cast<size_t>(t.numel) * size)});
  for (const auto& [name, original] : repeated_tensors(c)) {
    if (!listed.contains(name)) continue;
    NamedTensor again = *std::ranges::find(tensors, original, &NamedTensor::name);
    again.name = name;
    tensors.push_back(std::move(again));
  }
  std::vector<at::Tensor> short_biases;  // must outlive `tensors`
  for (const auto& [name, bias] : store.buffers()) {
    if (dtype == at::kBFloat16 && listed.contains(name)) {
      const at::Tensor rounded = bias.to(at::kBFloat16);
      // One that was trained since has more digits, and they choose experts.
      if (at::equal(rounded.to(at::kFloat), bias)) {
        short_biases.push_back(rounded);
        tensors.push_back({name, DType::bf16, bias.sizes().vec(), bytes_of(rounded)});
        continue;
      }
    }
    tensors.push_back({name, DType::f32, bias.sizes().vec(), bytes_of(bias)});
  }
  write_safetensors_folder(folder, tensors);

  write_file_atomic(folder + "/" + kHfConfig,
                    hf_config_text(c, dtype == at::kFloat ? "float32" : "bfloat16"));
  write_file_atomic(folder + "/" + kHfGenerationConfig, generation_config_text(c));
}

}  // namespace cohort
