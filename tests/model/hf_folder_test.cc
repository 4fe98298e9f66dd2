#include "model/hf_folder.h"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "tests/model/model_test_support.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;

class HfFolder : public testing::Test {
 protected:
  HfFolder() {
    std::string name = (fs::temp_directory_path() / "cohort_hf_XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  ~HfFolder() override { fs::remove_all(root_); }

  static ModelConfig config() {
    ModelConfig c = small_config();
    c.num_nextn_predict_layers = 1;
    c.eos_token_id = 1;
    return c;
  }
  // A saved model with random weights; returns its folder.
  std::string saved(const ModelConfig& c, at::ScalarType dtype = at::kFloat) {
    ParameterStore store(c, at::kFloat);
    store.initialise(5);
    for (const auto& [name, bias] : store.buffers()) bias.fill_(0.25f);
    const std::string folder = root_ + "/model";
    save_hf_folder(folder, store, store.flat(), dtype);
    return folder;
  }
  // Rewrites model.safetensors with its list of tensors changed.
  static void change(const std::string& folder,
                     const std::function<void(std::vector<NamedTensor>&)>& action) {
    const auto file = SafetensorsFile::open(folder + "/model.safetensors");
    std::vector<NamedTensor> tensors;
    for (const auto& [name, view] : file->tensors())
      tensors.push_back({name, view.dtype, view.shape, view.data});
    action(tensors);
    write_safetensors(folder + "/model.safetensors", tensors);
  }
  static NamedTensor& named(std::vector<NamedTensor>& tensors, const std::string& name) {
    for (NamedTensor& t : tensors)
      if (t.name == name) return t;
    throw std::out_of_range(name);
  }
  static std::string load_error(const std::string& folder) {
    try {
      ParameterStore store(read_hf_config(folder), at::kFloat);
      load_hf_weights(folder, store);
    } catch (const InputError& error) {
      return error.what();
    }
    return "(loaded)";
  }

  // model.safetensors of the folder once it was loaded and saved, in root_/again.
  std::string rewritten(const std::string& folder, at::ScalarType dtype) const {
    const std::string again = root_ + "/again";
    fs::remove_all(again);
    ParameterStore store(read_hf_config(folder), at::kFloat);
    load_hf_weights(folder, store);
    save_hf_folder(again, store, store.flat(), dtype);
    return read_file(again + "/model.safetensors");
  }

  std::string root_;
};

TEST_F(HfFolder, SavedModelReadsBackBitForBit) {
  const std::string folder = saved(config());
  ParameterStore original(config(), at::kFloat);
  original.initialise(5);
  ParameterStore store(read_hf_config(folder), at::kFloat);
  const int64_t version = store.block("lm_head").version;
  at::Tensor masters;
  load_hf_weights(folder, store, &masters);
  EXPECT_TRUE(at::equal(store.flat(), original.flat()));
  EXPECT_TRUE(at::equal(masters, original.flat()));
  EXPECT_GT(store.block("lm_head").version, version);
  EXPECT_EQ(store.buffers().size(), 3u);
  for (const auto& [name, bias] : store.buffers()) EXPECT_EQ(bias[3].item<float>(), 0.25f);
  EXPECT_EQ(store.config().to_hf("float32"), config().to_hf("float32"));
  EXPECT_EQ(nlohmann::json::parse(read_file(folder + "/generation_config.json")),
            nlohmann::json({{"eos_token_id", 1}}));
}

TEST_F(HfFolder, Bf16FileIsTheRoundedModel) {
  const std::string folder = saved(config(), at::kBFloat16);
  ParameterStore original(config(), at::kFloat), store(read_hf_config(folder), at::kBFloat16);
  original.initialise(5);
  at::Tensor masters;
  load_hf_weights(folder, store, &masters);
  EXPECT_TRUE(at::equal(store.flat(), original.flat().to(at::kBFloat16)));
  EXPECT_TRUE(at::equal(masters, store.flat().to(at::kFloat)));
}

// What a file holds comes back bit for bit: both zeros, denormals, the ends of the range.
TEST_F(HfFolder, BytesOfEveryTensorSurvive) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    const std::string folder = saved(config(), dtype), again = root_ + "/again";
    const std::vector<uint32_t> odd = {0x80000000, 0x00000000, 0x00010000, 0x80010000,
                                       0x007f0000, 0x7f7f0000, 0xff7f0000, 0x00800000};
    std::vector<uint32_t> f32(40);
    std::vector<uint16_t> bf16(40);
    for (size_t i = 0; i < 40; ++i) {
      f32[i] = dtype == at::kFloat && i >= 8 ? odd[i % 8] ^ 1u : odd[i % 8];
      bf16[i] = static_cast<uint16_t>(odd[i % 8] >> 16);
    }
    change(folder, [&](std::vector<NamedTensor>& tensors) {
      named(tensors, "model.norm.weight").data =
          dtype == at::kFloat ? std::as_bytes(std::span(f32)) : std::as_bytes(std::span(bf16));
    });
    for (const at::ScalarType compute : {at::kFloat, at::kBFloat16}) {
      ParameterStore store(read_hf_config(folder), compute);
      at::Tensor masters;
      load_hf_weights(folder, store, &masters);
      save_hf_folder(again, store, masters, dtype);
      const auto read = SafetensorsFile::open(folder + "/model.safetensors");
      const auto written = SafetensorsFile::open(again + "/model.safetensors");
      ASSERT_EQ(written->tensors().size(), read->tensors().size());
      for (const auto& [name, view] : read->tensors()) {
        const TensorView& found = written->tensors().at(name);
        EXPECT_EQ(found.dtype, view.dtype) << name;
        EXPECT_EQ(found.shape, view.shape) << name;
        EXPECT_TRUE(std::ranges::equal(found.data, view.data)) << name;
      }
      fs::remove_all(again);
    }
    fs::remove_all(folder);
  }
}

TEST_F(HfFolder, TiedHeadIsWrittenWhereItWasRead) {
  ModelConfig tied = config();
  tied.tie_word_embeddings = true;
  const std::string folder = saved(tied);
  const std::string without = read_file(folder + "/model.safetensors");
  EXPECT_EQ(rewritten(folder, at::kFloat), without);
  change(folder, [&](std::vector<NamedTensor>& tensors) {
    for (const char* name : {"lm_head.weight", "model.layers.3.shared_head.head.weight"}) {
      NamedTensor copy = named(tensors, "model.embed_tokens.weight");
      copy.name = name;
      tensors.push_back(copy);
    }
  });
  const std::string with = read_file(folder + "/model.safetensors");
  EXPECT_NE(with, without);
  EXPECT_EQ(rewritten(folder, at::kFloat), with);
}

TEST_F(HfFolder, ShortRouterBiasesStayShortUntilTheyChange) {
  const std::string folder = saved(config(), at::kBFloat16);
  const std::string name = "model.layers.1.mlp.gate.e_score_correction_bias";
  EXPECT_EQ(rewritten(folder, at::kBFloat16), read_file(folder + "/model.safetensors"));
  std::vector<uint16_t> values;
  change(folder, [&](std::vector<NamedTensor>& tensors) {
    NamedTensor& bias = named(tensors, name);
    values.assign(static_cast<size_t>(bias.shape[0]), 0x3e81);
    bias.dtype = DType::bf16;
    bias.data = std::as_bytes(std::span(values));
  });
  EXPECT_EQ(rewritten(folder, at::kBFloat16), read_file(folder + "/model.safetensors"));
  rewritten(folder, at::kFloat);
  const auto type = [&] {
    return SafetensorsFile::open(root_ + "/again/model.safetensors")->tensors().at(name).dtype;
  };
  EXPECT_EQ(type(), DType::f32);

  ParameterStore store(read_hf_config(folder), at::kFloat);
  load_hf_weights(folder, store);
  at::Tensor(store.buffers().at(name)).add_(1e-4f);
  fs::remove_all(root_ + "/again");
  save_hf_folder(root_ + "/again", store, store.flat(), at::kBFloat16);
  EXPECT_EQ(type(), DType::f32);
}

TEST_F(HfFolder, ConfigurationIsWrittenAsItWasRead) {
  const std::string folder = saved(config(), at::kBFloat16), again = root_ + "/again";
  // As no library writes it: order, spaces, an empty line, ids that this program does not keep.
  std::string text = read_file(folder + "/config.json");
  text.insert(1, "\n\n   \"transformers_version\":\"4.1\",");
  const std::string generation = "{ \"eos_token_id\": [1,2],\n\"temperature\":0.6}";
  write_file_atomic(folder + "/config.json", text);
  write_file_atomic(folder + "/generation_config.json", generation);
  rewritten(folder, at::kBFloat16);
  EXPECT_EQ(read_file(again + "/config.json"), text);
  EXPECT_EQ(read_file(again + "/generation_config.json"), generation);
  rewritten(folder, at::kFloat);
  text.replace(text.find("bfloat16"), 8, "float32");
  EXPECT_EQ(read_file(again + "/config.json"), text);
  EXPECT_EQ(read_file(again + "/generation_config.json"), generation);
}

TEST_F(HfFolder, FolderInUseIsNotOverwritten) {
  const std::string folder = saved(config());
  ParameterStore store(config(), at::kFloat);
  EXPECT_THROW(save_hf_folder(folder, store, store.flat(), at::kFloat), InputError);
}

// Large tensors are read in pieces; a bf16 file goes into bf16 weights without fp32 between.
TEST_F(HfFolder, LargeTensorsAreReadWhole) {
  ModelConfig large = config();
  large.vocab_size = 110'000;  // 4.4 million values
  ParameterStore original(large, at::kFloat);
  original.initialise(5);
  for (const at::ScalarType file : {at::kFloat, at::kBFloat16}) {
    const std::string folder = root_ + "/large";
    save_hf_folder(folder, original, original.flat(), file);
    for (const at::ScalarType compute : {at::kFloat, at::kBFloat16}) {
      ParameterStore store(large, compute);
      load_hf_weights(folder, store);
      EXPECT_TRUE(at::equal(store.flat(), original.flat().to(file).to(compute)));
    }
    change(folder, [](std::vector<NamedTensor>& tensors) {
      NamedTensor& head = named(tensors, "lm_head.weight");
      static std::vector<std::byte> data;
      data.assign(head.data.begin(), head.data.end());
      std::fill(data.end() - 2, data.end(), std::byte{0xff});
      head.data = data;
    });
    for (const at::ScalarType compute : {at::kFloat, at::kBFloat16}) {
      ParameterStore store(large, compute);
      EXPECT_THROW(load_hf_weights(folder, store), InputError);
    }
    fs::remove_all(folder);
  }
}

TEST_F(HfFolder, FusedExpertsAreRead) {
  const std::string folder = saved(config());
  ParameterStore original(config(), at::kFloat);
  original.initialise(5);
  const at::Tensor gate_up = original.block("model.layers.2.mlp.experts.gate_up").data.contiguous();
  const auto bytes = std::as_bytes(
      std::span(gate_up.const_data_ptr<float>(), static_cast<size_t>(gate_up.numel())));
  change(folder, [&](std::vector<NamedTensor>& tensors) {
    std::erase_if(tensors, [](const NamedTensor& t) {
      return t.name.starts_with("model.layers.2.mlp.experts.") &&
             t.name.find("down_proj") == std::string::npos;
    });
    tensors.push_back(
        {"model.layers.2.mlp.experts.gate_up_proj", DType::f32, gate_up.sizes().vec(), bytes});
  });
  ParameterStore store(read_hf_config(folder), at::kFloat);
  load_hf_weights(folder, store);
  EXPECT_TRUE(at::equal(store.flat(), original.flat()));
}

TEST_F(HfFolder, EveryTensorThatDoesNotFitIsToldInOneLine) {
  const std::string folder = saved(config());
  change(folder, [](std::vector<NamedTensor>& tensors) {
    named(tensors, "model.norm.weight").name = "model.norm.bias";
    NamedTensor& head = named(tensors, "lm_head.weight");
    std::swap(head.shape[0], head.shape[1]);
  });
  EXPECT_EQ(load_error(folder),
            folder +
                ": tensors do not fit config.json: 1 missing (model.norm.weight); 1 of another "
                "shape (lm_head.weight [40, 64], expected [64, 40]); 1 not of this model "
                "(model.norm.bias)");
}

TEST_F(HfFolder, ValueThatIsNotFiniteIsNamed) {
  const std::string folder = saved(config());
  std::vector<float> values(40, 1.0f);
  values[17] = std::numeric_limits<float>::quiet_NaN();
  change(folder, [&](std::vector<NamedTensor>& tensors) {
    named(tensors, "model.norm.weight").data = std::as_bytes(std::span(values));
  });
  EXPECT_EQ(load_error(folder),
            folder + ": tensor model.norm.weight holds a value that is not finite");
}

TEST_F(HfFolder, IntegerWeightsAreRefused) {
  const std::string folder = saved(config());
  const std::vector<int32_t> values(40, 1);
  change(folder, [&](std::vector<NamedTensor>& tensors) {
    NamedTensor& norm = named(tensors, "model.norm.weight");
    norm.dtype = DType::i32;
    norm.data = std::as_bytes(std::span(values));
  });
  EXPECT_EQ(load_error(folder),
            folder + ": tensor model.norm.weight has type I32, expected F32, BF16 or F16");
}

TEST_F(HfFolder, RepeatedEmbeddingMustBeEqual) {
  const std::string folder = saved(config());
  const auto repeat = [&](const char* of) {
    change(folder, [&](std::vector<NamedTensor>& tensors) {
      std::erase_if(tensors, [](const NamedTensor& t) {
        return t.name == "model.layers.3.embed_tokens.weight";
      });
      NamedTensor copy = named(tensors, of);
      copy.name = "model.layers.3.embed_tokens.weight";
      tensors.push_back(copy);
    });
  };
  repeat("model.embed_tokens.weight");
  EXPECT_EQ(load_error(folder), "(loaded)");
  EXPECT_EQ(rewritten(folder, at::kFloat), read_file(folder + "/model.safetensors"));
  repeat("lm_head.weight");
  EXPECT_NE(load_error(folder).find("differs from model.embed_tokens.weight"), std::string::npos);
}

TEST_F(HfFolder, PromisedButMissingMtpModuleIsReadAsNone) {
  ModelConfig plain = config();
  plain.num_nextn_predict_layers = 0;
  const std::string folder = saved(plain);
  nlohmann::json file = nlohmann::json::parse(read_file(folder + "/config.json"));
  file["num_nextn_predict_layers"] = 1;
  write_file_atomic(folder + "/config.json", file.dump());
  EXPECT_EQ(read_hf_config(folder).num_nextn_predict_layers, 0);
  // The promise stays in the file: transformers asks for no such tensors either.
  ParameterStore store(read_hf_config(folder), at::kFloat);
  load_hf_weights(folder, store);
  save_hf_folder(root_ + "/again", store, store.flat(), at::kFloat);
  EXPECT_EQ(read_file(root_ + "/again/config.json"), read_file(folder + "/config.json"));
}

}  // namespace
}  // namespace cohort
