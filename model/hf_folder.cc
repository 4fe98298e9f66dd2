#include "model/hf_folder.h"

#include <ATen/ops/from_blob.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "core/io/safetensors.h"
#include "kernels/optimizer/optimizer.h"
#include "model/parameter_layout.h"
#include "model/tensor_faults.h"

namespace cohort {
namespace {

using nlohmann::json;

// A tensor of the file and the range of the flat buffer that it fills.
struct Source {
  std::string name;
  std::vector<int64_t> shape;
  int64_t offset, numel;
};

// The store's tensors; where the file holds a layer's experts fused, as transformers 5 has them in
// memory, that tensor in place of the single experts: it lies in the same order.
std::vector<Source> expected_sources(const ParameterStore& store,
                                     const std::map<std::string, TensorView>& file) {
  const ModelConfig& c = store.config();
  std::vector<Source> sources;
  for (const TensorEntry& t : store.tensors()) {
    const size_t expert = t.name.find(".experts.");
    if (expert == std::string::npos || t.name.find("shared_experts") != std::string::npos) {
      sources.push_back({t.name, t.shape, t.offset, t.numel});
      continue;
    }
    const bool down = t.name.ends_with("down_proj.weight");
    const std::string fused =
        t.name.substr(0, expert) + ".experts." + (down ? "down_proj" : "gate_up_proj");
    if (!file.contains(fused)) {
      sources.push_back({t.name, t.shape, t.offset, t.numel});
    } else if (sources.back().name != fused) {
      const int64_t parts = down ? 1 : 2;
      sources.push_back({fused,
                         {c.n_routed_experts, parts * t.shape[0], t.shape[1]},
                         t.offset,
                         c.n_routed_experts * parts * t.numel});
    }
  }
  return sources;
}

at::ScalarType scalar_type(DType dtype, const std::string& place) {
  switch (dtype) {
    case DType::f32:
      return at::kFloat;
    case DType::bf16:
      return at::kBFloat16;
    case DType::f16:
      return at::kHalf;
    default:
      throw_error<InputError>("{} has type {}, expected F32, BF16 or F16", place,
                              dtype_name(dtype));
  }
}

// One line that tells everything that does not fit.
void check_names(const std::string& folder, const std::map<std::string, TensorView>& file,
                 const std::vector<Source>& sources, const ParameterStore& store) {
  TensorFaults faults;
  std::set<std::string> known;
  const auto expect = [&](const std::string& name, const std::vector<int64_t>& shape) {
    known.insert(name);
    const auto found = file.find(name);
    if (found == file.end()) {
      faults.missing(name);
    } else if (found->second.shape != shape) {
      faults.misshapen(name, found->second.shape, shape);
    }
  };
  for (const Source& source : sources) expect(source.name, source.shape);
  for (const auto& [name, bias] : store.buffers()) expect(name, bias.sizes().vec());
  for (const auto& [name, original] : repeated_tensors(store.config()))
    if (file.contains(name)) expect(name, store.tensor(original).sizes().vec());
  for (const auto& [name, view] : file)
    if (!known.contains(name)) faults.surplus(name);
  faults.throw_if_any(folder, "config.json");
}

// The file's tensor as fp32 into `out`; not a number and infinity are refused.
void read_values(const std::string& folder, const std::string& name, const TensorView& view,
                 const at::Tensor& out) {
  const std::string place = fmt::format("{}: tensor {}", folder, name);
  const at::Tensor in = at::from_blob(const_cast<std::byte*>(view.data.data()), {out.numel()},
                                      scalar_type(view.dtype, place));
  out.copy_(in);
  const std::span<const float> values(out.const_data_ptr<float>(),
                                      static_cast<size_t>(out.numel()));
  if (!kernels::all_finite(values))
    throw_error<InputError>("{} holds a value that is not finite", place);
}

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

void load_hf_weights(const std::string& folder, ParameterStore& store, at::Tensor* masters_f32) {
  const auto weights = SafetensorsFolder::open(folder);
  const auto& file = weights->tensors();
  const std::vector<Source> sources = expected_sources(store, file);
  check_names(folder, file, sources, store);

  const bool in_place = store.dtype() == at::kFloat && store.device().is_cpu();
  const at::Tensor values = in_place ? store.flat() : at::empty({store.numel()}, at::kFloat);
  for (const Source& source : sources)
    read_values(folder, source.name, file.at(source.name),
                values.narrow(0, source.offset, source.numel));
  for (const auto& [name, bias] : store.buffers()) read_values(folder, name, file.at(name), bias);
  for (const auto& [name, original] : repeated_tensors(store.config())) {
    const auto found = file.find(name);
    if (found == file.end()) continue;
    const TensorView& first = file.at(original);
    if (found->second.dtype != first.dtype ||
        !std::equal(first.data.begin(), first.data.end(), found->second.data.begin(),
                    found->second.data.end()))
      throw_error<InputError>("{}: tensor {} differs from {}, which it should repeat", folder, name,
                              original);
  }
  if (!in_place) store.flat().copy_(values);
  if (masters_f32 != nullptr) *masters_f32 = in_place ? values.clone() : values;
  store.touch();
}

}  // namespace cohort
