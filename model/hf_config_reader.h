// config.json of a DeepSeek-V3 model, key by key. Rules between keys are ModelConfig's.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "model/model_config.h"

namespace cohort {

ModelConfig read_deepseek_v3_config(const nlohmann::json& config, const std::string& file);

}  // namespace cohort
