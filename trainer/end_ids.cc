#include "trainer/end_ids.h"

#include <nlohmann/json.hpp>
#include <set>

#include "core/base/error.h"

namespace cohort {
namespace {

void add_ids(const std::string& file, const std::string& text, std::set<int64_t>& ids) {
  const auto config = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!config.is_object()) throw_error<InputError>("{}: is not a JSON object", file);
  const auto found = config.find("eos_token_id");
  if (found == config.end() || found->is_null()) return;
  for (const auto& id : found->is_array() ? *found : nlohmann::json::array({*found})) {
    if (!id.is_number_integer())
      throw_error<InputError>("{}: eos_token_id is {}, expected a token id, or a list of them",
                              file, found->dump());
    if (id.get<int64_t>() >= 0) ids.insert(id.get<int64_t>());
  }
}

}  // namespace

std::vector<int64_t> end_ids(const Tokenizer& tokenizer, const ModelConfig& config) {
  std::set<int64_t> ids;
  if (tokenizer.eos_id() >= 0) ids.insert(tokenizer.eos_id());
  for (const char* file : {kHfConfig, kHfGenerationConfig})
    if (const auto kept = config.hf_files.find(file); kept != config.hf_files.end())
      add_ids(file, kept->second, ids);
  return {ids.begin(), ids.end()};
}

}  // namespace cohort
