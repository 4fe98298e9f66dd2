#include "model/hf_folder.h"

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "core/io/safetensors.h"
#include "model/parameter_layout.h"

namespace cohort {
namespace {

using nlohmann::json;

json parse_json(const std::string& text, const std::string& file) {
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) throw_error<InputError>("{}: is not JSON", file);
  return value;
}

bool has_weights(const std::string& folder) {
  return path_exists(folder + "/model.safetensors") ||
         path_exists(folder + "/model.safetensors.index.json");
}

// What kHfTensors lists.
json unsaid_tensors(const std::string& folder, const ModelConfig& config) {
  json names = json::array();
  const auto repeated = repeated_tensors(config);
  if ((repeated.empty() && !config.router_bias()) || !has_weights(folder)) return names;
  const auto weights = SafetensorsFolder::open(folder);
  const auto& file = weights->tensors();
  for (const auto& [name, original] : repeated)
    if (file.contains(name)) names.push_back(name);
  for (const std::string& name : make_parameter_layout(config).router_biases)
    if (const auto bias = file.find(name); bias != file.end() && bias->second.dtype == DType::bf16)
      names.push_back(name);
  return names;
}

}  // namespace

ModelConfig read_hf_config(const std::string& folder) {
  const std::string file = folder + "/" + kHfConfig;
  const std::string text = read_file(file);
  ModelConfig config = ModelConfig::from_hf(parse_json(text, file), file);
  config.hf_files[kHfConfig] = text;
  const std::string generation = folder + "/" + kHfGenerationConfig;
  if (path_exists(generation)) config.hf_files[kHfGenerationConfig] = read_file(generation);
  // transformers writes its default of one module for models that never had one.
  if (config.num_nextn_predict_layers > 0 && has_weights(folder)) {
    const auto weights = SafetensorsFolder::open(folder);
    const std::string prefix = layer_prefix(mtp_layer(config));
    const auto first = weights->tensors().lower_bound(prefix);
    if (first == weights->tensors().end() || !first->first.starts_with(prefix)) {
      log_warning("{}: num_nextn_predict_layers is {}, but there are no tensors {}*: read as 0",
                  file, config.num_nextn_predict_layers, prefix);
      config.num_nextn_predict_layers = 0;
    }
  }
  if (const json names = unsaid_tensors(folder, config); !names.empty())
    config.hf_files[kHfTensors] = names.dump();
  return config;
}

}  // namespace cohort
