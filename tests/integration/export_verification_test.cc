// cohort export --verify: every family in every type passes, and a file that is damaged on the way
// does not.
#include "trainer/export_verification.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/io/gguf.h"
#include "core/io/safetensors.h"
#include "tests/support/error_text.h"
#include "tests/support/temp_folder.h"
#include "trainer/model_export.h"

namespace cohort {
namespace {

// Rows of 256, so that K-quants are K-quants.
ModelSection section_of(const std::string& arch) {
  ModelSection section;
  section.tokenizer = {
      .kind = "bytes", .path = "", .alphabet = "", .special = {"<pad>", "<|eos|>"}};
  ModelConfig& c = section.shape;
  c.arch = arch;
  c.hidden_size = 256;
  c.intermediate_size = 256;
  c.moe_intermediate_size = 256;
  c.num_hidden_layers = 2;
  c.num_attention_heads = 4;
  c.max_position_embeddings = 128;
  c.initializer_range = 0.06;
  if (c.latent_attention()) {
    c.kv_lora_rank = 256;
    c.qk_nope_head_dim = 32;
    c.qk_rope_head_dim = 16;
    c.v_head_dim = 32;
    c.norm_topk_prob = c.has_mtp();
    c.num_nextn_predict_layers = c.has_mtp() ? 1 : 0;
    return section;
  }
  c.num_key_value_heads = 2;
  c.head_dim = 64;
  c.n_shared_experts = 0;
  c.rms_norm_eps = 1e-5;
  c.first_k_dense_replace = c.has_experts() ? 0 : c.num_hidden_layers;
  if (c.gemma()) {
    c.tie_word_embeddings = true;
    c.query_pre_attn_scalar = 64;
    c.sliding_window = 16;
    c.rope_theta = 1e6;
    c.layer_types = {"sliding_attention", "sliding_attention"};
  }
  return section;
}

class ExportVerification : public TempFolderTest {
 protected:
  // Of MODEL as TYPE; the fault, or "".
  static std::string fault(LoadedModel& model, const std::string& path, const std::string& type) {
    return export_fault(verify_export(model, path, type));
  }
  std::string gguf(const LoadedModel& model, const std::string& type) {
    const std::string file = in_folder(type + ".gguf");
    std::filesystem::remove(file);
    export_gguf_file(model, file, type);
    return file;
  }
  // Adds `mask` by exclusive or to a byte of a tensor.
  static void damage(const std::string& file, const std::string& tensor, size_t byte,
                     uint8_t mask) {
    size_t offset;
    {
      const auto gguf = GgufFile::open(file);
      const GgufTensor* found = gguf->find(tensor);
      ASSERT_NE(found, nullptr) << tensor;
      ASSERT_LT(byte, found->data.size());
      const std::string bytes = read_file(file);
      const auto at = bytes.find(std::string_view(reinterpret_cast<const char*>(found->data.data()),
                                                  std::min<size_t>(found->data.size(), 512)));
      ASSERT_NE(at, std::string::npos);
      offset = at + byte;
    }
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(offset));
    const int was = stream.get();
    stream.seekp(static_cast<std::streamoff>(offset));
    stream.put(static_cast<char>(was ^ mask));
  }
};

class EveryFamily : public ExportVerification, public testing::WithParamInterface<const char*> {};

TEST_P(EveryFamily, PassesInEveryType) {
  LoadedModel model = make_model(section_of(GetParam()), "fp32", 3);
  for (const std::string& format : export_formats()) {
    for (const std::string& type : export_types(format)) {
      const std::string path = in_folder(format + "-" + type);
      export_folder(model, path, format, type);
      const ExportReport report = verify_export(model, path, type);
      EXPECT_EQ(export_fault(report), "") << path << "\n" << export_table(report);
      EXPECT_EQ(report.text.differing, 0);
      EXPECT_GT(report.logits.tokens, 1000);
      EXPECT_GT(report.bits_per_weight, 4);
      EXPECT_LE(report.bits_per_weight, 32);
      std::filesystem::remove_all(path);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Families, EveryFamily,
                         testing::Values("llama", "qwen2", "qwen3", "qwen3_moe", "deepseek_v3",
                                         "deepseek_v2", "gemma3_text"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(ExportVerification, ADamagedScaleIsFoundInEveryType) {
  LoadedModel model = make_model(section_of("llama"), "fp32", 3);
  for (const std::string& type : export_types("gguf")) {
    const std::string file = gguf(model, type);
    ASSERT_EQ(fault(model, file, type), "");
    // The highest bit of an exponent: of the first block's scale, or of the first element.
    const size_t byte = type == "f32" ? 3 : type == "q6_k" ? 209 : 1;
    damage(file, "blk.1.ffn_up.weight", byte, 0x40);
    const std::string found = fault(model, file, type);
    EXPECT_NE(found.find("mlp.up_proj.weight has a row with error"), std::string::npos)
        << type << ": " << found;
  }
}

TEST_F(ExportVerification, ATensorInAnothersPlaceIsFound) {
  LoadedModel model = make_model(section_of("llama"), "fp32", 3);
  const std::string folder = in_folder("hf");
  export_folder(model, folder, "hf", "bf16");
  ASSERT_EQ(fault(model, folder, "bf16"), "");
  {
    const auto file = SafetensorsFile::open(folder + "/model.safetensors");
    std::vector<NamedTensor> tensors;
    for (const auto& [name, view] : file->tensors())
      tensors.push_back({name, view.dtype, view.shape, view.data});
    const auto named = [&](const std::string& name) {
      return std::ranges::find(tensors, name, &NamedTensor::name);
    };
    std::swap(named("model.layers.0.mlp.gate_proj.weight")->data,
              named("model.layers.0.mlp.up_proj.weight")->data);
    write_safetensors(folder + "/model.safetensors", tensors);
  }
  EXPECT_NE(fault(model, folder, "bf16").find("model.layers.0.mlp."), std::string::npos);
}

TEST_F(ExportVerification, AnotherConfigurationIsFound) {
  LoadedModel model = make_model(section_of("llama"), "fp32", 3);
  const std::string folder = in_folder("hf");
  export_folder(model, folder, "hf", "f32");
  std::string config = read_file(folder + "/config.json");
  const std::string theta = "\"rope_theta\": 10000.0";
  ASSERT_NE(config.find(theta), std::string::npos) << config;
  config.replace(config.find(theta), theta.size(), "\"rope_theta\": 20000.0");
  write_file_atomic(folder + "/config.json", config);
  EXPECT_EQ(fault(model, folder, "f32"), "rope_theta is 20000.0, the source's is 10000.0");
}

TEST_F(ExportVerification, EachLimitIsHeld) {
  ExportReport report;
  report.type = "f16";
  report.weights.tensor = "w";
  const ExportLimits limits = export_limits("f16", false);
  EXPECT_EQ(export_fault(report), "");
  report.logits.mean_kl = 2 * limits.mean_kl;
  EXPECT_NE(export_fault(report).find("mean KL"), std::string::npos);
  report.logits.nmse = 2 * limits.nmse;
  EXPECT_NE(export_fault(report).find("NMSE"), std::string::npos);
  report.logits.nmse = std::nan("");
  EXPECT_NE(export_fault(report).find("NMSE"), std::string::npos);
  report.weights.error = 2 * limits.row_error;
  EXPECT_NE(export_fault(report).find("w has a row"), std::string::npos);
  report.config_fault = "key";
  EXPECT_EQ(export_fault(report), "key");
  report.text.first_fault = "text";
  EXPECT_EQ(export_fault(report), "text");
}

// An infinity in a file is found by its reader, days later.
TEST_F(ExportVerification, AValueBeyondTheTypesRangeIsRefusedByName) {
  LoadedModel model = make_model(section_of("llama"), "fp32", 3);
  const auto refusal = [&](const std::string& format, const std::string& type, float value) {
    const std::string name = "model.layers.0.mlp.down_proj.weight";
    for (const TensorEntry& t : model.store->tensors())
      if (t.name == name) model.masters.mutable_data_ptr<float>()[t.offset + 300] = value;
    const std::string path = in_folder(format);
    const std::string text =
        error_text<InputError>([&] { export_folder(model, path, format, type); });
    EXPECT_FALSE(path_exists(path + ".part"));
    EXPECT_EQ(path_exists(path), text == "no error");
    std::filesystem::remove_all(path);
    return text;
  };
  EXPECT_EQ(refusal("gguf", "f16", 65504), "no error");
  EXPECT_NE(refusal("gguf", "f16", -70000)
                .find("tensor blk.0.ffn_down.weight: [300] is -70000, F16 holds at most 65504"),
            std::string::npos);
  EXPECT_EQ(refusal("gguf", "q8_0", 70000), "no error");
  EXPECT_NE(refusal("gguf", "q8_0", 1e7f).find("ffn_down.weight: [300] is 10000000, Q8_0"),
            std::string::npos);
  EXPECT_NE(refusal("gguf", "q4_0", 1e6f).find("Q4_0 holds at most"), std::string::npos);
  EXPECT_NE(refusal("gguf", "q4_k_m", 1e9f).find("_K holds at most"), std::string::npos);
  EXPECT_EQ(refusal("hf", "f32", 3.4e38f), "no error");
  EXPECT_NE(refusal("hf", "bf16", 3.4e38f).find("down_proj.weight: [300] is 3.4e+38, BF16"),
            std::string::npos);
  EXPECT_NE(refusal("gguf", "f32", std::numeric_limits<float>::infinity()).find("F32 holds"),
            std::string::npos);
  EXPECT_NE(refusal("hf", "f32", std::nanf("")).find("is nan"), std::string::npos);
}

}  // namespace
}  // namespace cohort
