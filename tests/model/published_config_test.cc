// config.json files in the form in which models are published, tests/golden/hf_config/. Counts and
// scales are those of transformers 5.23's models of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "model/hf_config/config_text.h"

namespace cohort {
namespace {

using nlohmann::json;

struct Published {
  const char* name;
  int64_t parameters;
  double softmax_scale;
  double rope_theta;
  kernels::RopeScaling scaling = {};
  double factor = 1;
  int64_t eos = 0;
  int64_t sliding_layers = 0;
};

constexpr double kHead64 = 0.125, kHead128 = 0.08838834764831845, kHead256 = 0.0625;
constexpr auto kYarn = kernels::RopeScaling::yarn, kLlama3 = kernels::RopeScaling::llama3;
const Published kPublished[] = {
    {"qwen2.5-0.5b", 494'032'768, kHead64, 1e6, {}, 1, 151643},
    {"qwen2.5-7b", 7'615'616'512, kHead128, 1e6, {}, 1, 151643},
    {"r1-distill-qwen-1.5b", 1'777'088'000, kHead128, 1e4, {}, 1, 151643},
    {"qwen3-0.6b", 596'049'920, kHead128, 1e6, {}, 1, 151645},
    {"qwen3-30b-a3b", 30'532'122'624, kHead128, 1e6, {}, 1, 151645},
    {"llama-3.2-1b-instruct", 1'235'814'400, kHead64, 5e5, kLlama3, 32, 128001},
    {"smollm2-135m-instruct", 134'515'008, kHead64, 1e5, {}, 1, 2},
    {"smollm2-1.7b-instruct", 1'711'376'384, kHead64, 1.3e5, {}, 1, 2},
    // With the MTP module, which transformers does not count.
    {"deepseek-r1", 671'026'419'200 + 11'610'068'224, 0.1352337788608801, 1e4, kYarn, 40, 1},
    {"deepseek-v2-lite", 15'706'484'224, 0.1147213867929261, 1e4, kYarn, 40, 100001},
    {"gemma-3-270m", 268'098'176, kHead256, 1e6, {}, 1, 1, 15},
    {"gemma-3-1b-it", 999'885'952, kHead256, 1e6, {}, 1, 1, 22},
};

std::string file_of(const Published& model) {
  return read_file(fmt::format("{}/tests/golden/hf_config/{}.json", COHORT_SOURCE_DIR, model.name));
}

json config_of(const Published& model) { return json::parse(file_of(model)); }

TEST(PublishedConfig, IsTheModelThatTransformersMakesOfIt) {
  for (const Published& model : kPublished) {
    const ModelConfig c = ModelConfig::from_hf(config_of(model), model.name);
    EXPECT_EQ(c.num_parameters(), model.parameters) << model.name;
    EXPECT_DOUBLE_EQ(c.softmax_scale(), model.softmax_scale) << model.name;
    EXPECT_EQ(c.rope().theta, model.rope_theta) << model.name;
    EXPECT_EQ(c.rope().factor, model.factor) << model.name;
    if (model.factor > 1) {
      EXPECT_EQ(c.rope().scaling, model.scaling) << model.name;
    }
    EXPECT_EQ(c.eos_token_id, model.eos) << model.name;
    int64_t sliding = 0;
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) sliding += c.sliding(i);
    EXPECT_EQ(sliding, model.sliding_layers) << model.name;
    if (sliding > 0) {
      EXPECT_EQ(c.sliding_window, 512) << model.name;
      EXPECT_EQ(c.local_rope().theta, 1e4) << model.name;
      EXPECT_FALSE(c.sliding(5)) << model.name;
    }
  }
}

TEST(PublishedConfig, ReadsBackAsItIsWrittenAnew) {
  for (const Published& model : kPublished) {
    const ModelConfig c = ModelConfig::from_hf(config_of(model), model.name);
    const json written = c.to_hf("bfloat16");
    EXPECT_EQ(ModelConfig::from_hf(written, "written").to_hf("bfloat16"), written) << model.name;
  }
}

TEST(PublishedConfig, IsKeptByteForByte) {
  for (const Published& model : kPublished) {
    ModelConfig c = ModelConfig::from_hf(config_of(model), model.name);
    c.hf_files[kHfConfig] = file_of(model);
    const std::string kept = remove_json_member(file_of(model), "quantization_config");
    EXPECT_EQ(hf_config_text(c, "bfloat16"), kept) << model.name;
    const json ordered = json::parse(hf_config_text(c, "float32"));
    EXPECT_EQ(ordered.at("torch_dtype"), "float32") << model.name;
    EXPECT_EQ(hf_config_text(c, "float32").size() + 1, kept.size()) << model.name;
  }
}

// Either spelling of rope says the same.
TEST(PublishedConfig, SaysTheSameAsTransformers5WritesIt) {
  for (const Published& model : kPublished) {
    const json old = config_of(model);
    json now = old;
    now["dtype"] = now["torch_dtype"];
    for (const char* key : {"torch_dtype", "rope_theta", "rope_scaling", "rope_local_base_freq"})
      now.erase(key);
    json rope = old.contains("rope_scaling") && old["rope_scaling"].is_object()
                    ? old["rope_scaling"]
                    : json{{"rope_type", "default"}};
    rope["rope_theta"] = old["rope_theta"];
    now["rope_parameters"] = rope;
    if (old.contains("rope_local_base_freq"))
      now["rope_parameters"] = {
          {"full_attention", rope},
          {"sliding_attention",
           {{"rope_type", "default"}, {"rope_theta", old["rope_local_base_freq"]}}}};
    EXPECT_EQ(ModelConfig::from_hf(now, "now").to_hf("x"),
              ModelConfig::from_hf(old, "old").to_hf("x"))
        << model.name;
  }
}

}  // namespace
}  // namespace cohort
