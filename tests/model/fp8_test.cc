// Weights in F8_E4M3 blocks. The golden is torch's and transformers':
// tools/goldens/make_fp8_golden.py.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/sub.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "kernels/token_logprob/token_logprob.h"
#include "model/hf_folder.h"
#include "tests/model/model_test_support.h"
#include "tests/support/error_text.h"
#include "tests/support/temp_folder.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::string kFolder = kModelGoldens + "fp8_blocks";
const std::string kDown = "model.layers.1.mlp.experts.3.down_proj.weight";  // [136, 16]

double relative_difference(const at::Tensor& got, const at::Tensor& want) {
  const at::Tensor expected = want.view(got.sizes());
  return at::sub(got, expected).abs().max().item<double>() / expected.abs().max().item<double>();
}

TEST(Fp8Golden, WeightsAreTorchsBitForBit) {
  const auto golden = SafetensorsFile::open(kFolder + ".safetensors");
  ParameterStore fp32(read_hf_config(kFolder), at::kFloat),
      bf16(read_hf_config(kFolder), at::kBFloat16);
  load_hf_weights(kFolder, fp32);
  load_hf_weights(kFolder, bf16);
  int compared = 0;
  for (const auto& [name, view] : golden->tensors()) {
    if (!name.starts_with("weight.")) continue;
    const at::Tensor want = golden_tensor(*golden, name);
    EXPECT_TRUE(at::equal(fp32.tensor(name.substr(7)), want)) << name;
    EXPECT_TRUE(at::equal(bf16.tensor(name.substr(7)), want.to(at::kBFloat16))) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 11);
}

TEST(Fp8Golden, LogitsMatchTransformers) {
  const at::NoGradGuard no_grad;
  const auto golden = SafetensorsFile::open(kFolder + ".safetensors");
  ParameterStore store(read_hf_config(kFolder), at::kFloat);
  load_hf_weights(kFolder, store);
  Decoder decoder(store);
  const at::Tensor ids = golden_tensor(*golden, "ids");
  const auto* id = ids.const_data_ptr<int32_t>();
  const DecoderInput input = packed_input({{id, id + ids.numel()}});
  const at::Tensor hidden = decoder.hidden(input);
  EXPECT_LT(relative_difference(kernels::logits(hidden, decoder.head()),
                                golden_tensor(*golden, "logits")),
            1e-5);
  const at::Tensor mtp =
      decoder.mtp_hidden(input, hidden, golden_tensor(*golden, "next_ids").view({ids.numel()}));
  EXPECT_LT(relative_difference(kernels::logits(mtp, decoder.head()),
                                golden_tensor(*golden, "mtp_logits")),
            1e-5);
}

class Fp8Folder : public TempFolderTest {
 protected:
  void SetUp() override {
    TempFolderTest::SetUp();
    model_ = in_folder("model");
    fs::copy(kFolder, model_, fs::copy_options::recursive);
    fs::permissions(model_ + "/model.safetensors", fs::perms::owner_write, fs::perm_options::add);
  }
  // The error of loading the folder once its list of tensors has been changed.
  std::string refusal(const std::function<void(std::vector<NamedTensor>&)>& action) const {
    const auto file = SafetensorsFile::open(kFolder + "/model.safetensors");
    std::vector<NamedTensor> tensors;
    for (const auto& [name, view] : file->tensors())
      tensors.push_back({name, view.dtype, view.shape, view.data});
    action(tensors);
    write_safetensors(model_ + "/model.safetensors", tensors);
    std::string text = error_text<InputError>([&] {
      ParameterStore store(read_hf_config(model_), at::kFloat);
      load_hf_weights(model_, store);
    });
    if (text.starts_with(model_)) text.erase(0, model_.size());
    return text;
  }
  static NamedTensor& named(std::vector<NamedTensor>& tensors, const std::string& name) {
    for (NamedTensor& t : tensors)
      if (t.name == name) return t;
    throw std::out_of_range(name);
  }
  // The error of reading config.json with this quantization_config.
  static std::string refusal(const json& quantization) {
    json config = json::parse(read_file(kFolder + "/config.json"));
    config["quantization_config"] = quantization;
    return error_text<InputError>([&] { ModelConfig::from_hf(config, "config.json"); });
  }

  std::string model_;
};

TEST_F(Fp8Folder, IsSavedAsPlainWeights) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    ParameterStore store(read_hf_config(model_), dtype), again_store(store.config(), dtype);
    load_hf_weights(model_, store);
    const std::string again = in_folder("again");
    fs::remove_all(again);
    save_hf_folder(again, store, store.flat(), dtype);
    const std::string text = read_file(again + "/config.json");
    EXPECT_EQ(text.find("quantization_config"), std::string::npos);
    const auto saved = SafetensorsFile::open(again + "/model.safetensors");
    for (const auto& [name, view] : saved->tensors()) {
      EXPECT_FALSE(name.ends_with("_scale_inv")) << name;
      EXPECT_NE(view.dtype, DType::f8_e4m3) << name;
    }
    load_hf_weights(again, again_store);
    EXPECT_TRUE(at::equal(again_store.flat(), store.flat()));
  }
}

// The file itself says which tensors are FP8 and has their factors.
TEST_F(Fp8Folder, AConfigurationThatSaysNothingOfItLoadsTheSame) {
  json config = json::parse(read_file(model_ + "/config.json"));
  ASSERT_EQ(config.erase("quantization_config"), 1u);
  fs::permissions(model_ + "/config.json", fs::perms::owner_write, fs::perm_options::add);
  ParameterStore with(read_hf_config(model_), at::kFloat);
  load_hf_weights(model_, with);
  std::ofstream(model_ + "/config.json") << config;
  ParameterStore without(read_hf_config(model_), at::kFloat);
  load_hf_weights(model_, without);
  EXPECT_TRUE(at::equal(with.flat(), without.flat()));
}

TEST_F(Fp8Folder, FactorsThatDoNotFitAreNamed) {
  const std::string scales = kDown + "_scale_inv";
  const std::vector<float> ones(64, 1.0f);
  EXPECT_EQ(refusal([](auto&) {}), "no error");
  EXPECT_EQ(refusal([&](auto& all) {
              std::erase_if(all, [&](const NamedTensor& t) { return t.name == scales; });
            }),
            ": tensors do not fit config.json: 1 missing (" + scales + ")");
  EXPECT_EQ(refusal([&](auto& all) {
              NamedTensor& t = named(all, scales);
              t.shape = {1, 1};
              t.data = t.data.subspan(0, 4);
            }),
            ": tensors do not fit config.json: 1 of another shape (" + scales +
                " [1, 1], expected [2, 1])");
  EXPECT_EQ(refusal([&](auto& all) {
              all.push_back({"model.norm.weight_scale_inv",
                             DType::f32,
                             {1, 1},
                             std::as_bytes(std::span(ones).subspan(0, 1))});
            }),
            ": tensors do not fit config.json: 1 not of this model (model.norm.weight_scale_inv)");
  EXPECT_EQ(refusal([&](auto& all) {
              named(all, scales).dtype = DType::bf16;
              named(all, scales).data = named(all, scales).data.subspan(0, 4);
            }),
            ": tensor " + scales + " has type BF16, expected F32");
}

TEST_F(Fp8Folder, ValuesThatAreNotFiniteAreNamed) {
  const std::string scales = kDown + "_scale_inv";
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const std::vector<float> values = {1.0f, bad};
    EXPECT_EQ(
        refusal([&](auto& all) { named(all, scales).data = std::as_bytes(std::span(values)); }),
        ": tensor " + scales + " holds a value that is not finite");
  }
  for (const uint8_t code : {0x7f, 0xff}) {
    std::vector<uint8_t> codes(136 * 16, 0x38);
    codes[135 * 16 + 15] = code;
    EXPECT_EQ(refusal([&](auto& all) { named(all, kDown).data = std::as_bytes(std::span(codes)); }),
              ": tensor " + kDown + " holds a value that is not finite");
  }
  const std::vector<float> huge = {1.0f, 3e38f};  // 448 of it is infinite
  const std::vector<uint8_t> codes(136 * 16, 0x7e);
  EXPECT_EQ(refusal([&](auto& all) {
              named(all, scales).data = std::as_bytes(std::span(huge));
              named(all, kDown).data = std::as_bytes(std::span(codes));
            }),
            ": tensor " + kDown + " holds a value that is not finite");
}

TEST_F(Fp8Folder, OtherUsesOf8BitsAreRefused) {
  const std::vector<uint8_t> codes(136, 0x38);
  EXPECT_EQ(refusal([&](auto& all) {
              NamedTensor& t = named(all, "model.norm.weight");
              t.dtype = DType::f8_e4m3;
              t.data = std::as_bytes(std::span(codes));
            }),
            ": tensor model.norm.weight: it is F8_E4M3, which only matrices may be (experts one by "
            "one)");
  EXPECT_EQ(refusal([&](auto& all) {
              named(all, kDown).dtype = DType::f8_e5m2;
              std::erase_if(all,
                            [&](const NamedTensor& t) { return t.name == kDown + "_scale_inv"; });
            }),
            ": tensor " + kDown + " has type F8_E5M2, expected F32, BF16 or F16");
}

TEST_F(Fp8Folder, OneFormOfQuantisationIsRead) {
  const json published = {{"activation_scheme", "dynamic"},
                          {"fmt", "e4m3"},
                          {"quant_method", "fp8"},
                          {"weight_block_size", {128, 128}}};
  EXPECT_EQ(refusal(published), "no error");
  const auto with = [&](const char* key, const json& value) {
    json changed = published;
    changed[key] = value;
    return refusal(changed);
  };
  EXPECT_EQ(with("modules_to_not_convert", {"lm_head"}), "no error");
  const std::string place = "config.json: quantization_config: ";
  EXPECT_EQ(with("quant_method", "awq"),
            place + "quant_method is \"awq\", expected only \"fp8\" (supported)");
  EXPECT_EQ(with("weight_block_size", {64, 128}),
            place + "weight_block_size is [64,128], expected only [128,128] (supported)");
  EXPECT_EQ(with("weight_block_size", nullptr), place + "weight_block_size is missing");
  EXPECT_EQ(with("fmt", "e5m2"), place + "fmt is \"e5m2\", expected only \"e4m3\" (supported)");
  EXPECT_EQ(with("activation_scheme", "static"),
            place + "activation_scheme is \"static\", expected only \"dynamic\" (supported)");
  EXPECT_EQ(with("bits", 4).substr(0, place.size() + 20), place + "unknown key bits is ");
  EXPECT_EQ(refusal(json("fp8")), "config.json: quantization_config: is not a JSON object");
}

}  // namespace
}  // namespace cohort
