#include "model/hf_config/hf_config.h"
#include "model/stored_values.h"

namespace cohort {

using nlohmann::json;

void read_quantization(const KeyReader& r) {
  if (!r.has("quantization_config")) return;
  const KeyReader q(r.at("quantization_config"), r.place() + ": quantization_config");
  for (const char* key : {"quant_method", "weight_block_size"})
    if (!q.has(key)) throw_error<InputError>("{}: {} is missing", q.place(), key);
  q.only("quant_method", "fp8");
  q.only("weight_block_size", json::array({kF8Block, kF8Block}));
  q.only("fmt", "e4m3");
  // How activations are rounded, which are not rounded here, and which modules are left as they
  // are, which their tensors tell.
  q.only("activation_scheme", "dynamic");
  q.only("scale_fmt", "ue8m0");
  q.has("modules_to_not_convert");
  q.refuse_unknown();
}

}  // namespace cohort
