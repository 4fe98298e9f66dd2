// Goldens: transformers' models of every family, and MtpModel, by
// tools/goldens/make_model_goldens.py.
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "kernels/token_logprob/token_logprob.h"
#include "model/decoder.h"
#include "model/hf_folder.h"
#include "tests/model/model_test_support.h"

namespace cohort {
namespace {

// Largest difference over the largest value.
double relative_difference(const at::Tensor& got, const at::Tensor& want) {
  EXPECT_EQ(got.sizes(), want.sizes());
  const at::Tensor a = got.contiguous(), b = want.contiguous();
  const float* x = a.const_data_ptr<float>();
  const float* y = b.const_data_ptr<float>();
  double largest = 0, difference = 0;
  for (int64_t i = 0; i < a.numel(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(y[i])));
    difference = std::max(difference, std::abs(static_cast<double>(x[i]) - y[i]));
  }
  return largest == 0 ? difference : difference / largest;
}

struct Case {
  const char* golden;
  const char* form = "expanded";
};

ModelConfig config_of(const std::string& folder, const char* form) {
  ModelConfig config = read_hf_config(folder);
  config.mla_form = form;
  return config;
}

class DecoderGolden : public testing::TestWithParam<Case> {
 protected:
  DecoderGolden()
      : folder_(kModelGoldens + GetParam().golden),
        golden_(SafetensorsFile::open(folder_ + ".safetensors")),
        store_(config_of(folder_, GetParam().form), at::kFloat) {
    load_hf_weights(folder_, store_);
    decoder_ = std::make_unique<Decoder>(store_);
    const at::Tensor ids = golden_tensor(*golden_, "ids");
    rows_ = ids.numel();
    std::vector<std::vector<int32_t>> sequences;
    const auto* id = ids.const_data_ptr<int32_t>();
    for (int64_t s = 0; s < ids.size(0); ++s)
      sequences.emplace_back(id + s * ids.size(1), id + (s + 1) * ids.size(1));
    input_ = packed_input(sequences);
  }
  at::Tensor flat_golden(const std::string& name) const {
    return golden_tensor(*golden_, name).view({rows_});
  }

  std::string folder_;
  std::shared_ptr<const SafetensorsFile> golden_;
  ParameterStore store_;
  std::unique_ptr<Decoder> decoder_;
  DecoderInput input_;
  int64_t rows_ = 0;
};

TEST_P(DecoderGolden, LogitsMatchTransformers) {
  const at::Tensor hidden = decoder_->hidden(input_);
  const at::Tensor logits = kernels::logits(hidden, decoder_->head());
  EXPECT_LT(relative_difference(logits, golden_tensor(*golden_, "logits").flatten(0, 1)), 1e-5);
  if (store_.config().num_nextn_predict_layers == 0) return;
  const at::Tensor mtp = decoder_->mtp_hidden(input_, hidden, flat_golden("next_ids"));
  EXPECT_LT(relative_difference(kernels::logits(mtp, decoder_->head()),
                                golden_tensor(*golden_, "mtp_logits").flatten(0, 1)),
            1e-5);
}

TEST_P(DecoderGolden, GreedyIdsMatchTransformers) {
  const at::NoGradGuard no_grad;
  const at::Tensor ids = golden_tensor(*golden_, "ids"), want = golden_tensor(*golden_, "greedy");
  for (int64_t s = 0; s < ids.size(0); ++s) {
    const auto* first = ids.const_data_ptr<int32_t>() + s * ids.size(1);
    std::vector<int32_t> sequence(first, first + 8);
    for (int64_t i = 0; i < want.size(1); ++i) {
      const at::Tensor hidden = decoder_->hidden(packed_input({sequence}));
      const at::Tensor logits =
          kernels::logits(hidden.narrow(0, hidden.size(0) - 1, 1), decoder_->head());
      const auto* l = logits.const_data_ptr<float>();
      sequence.push_back(static_cast<int32_t>(std::max_element(l, l + logits.size(1)) - l));
      ASSERT_EQ(sequence.back(), want[s][i].item<int32_t>()) << "sequence " << s << ", id " << i;
    }
  }
}

TEST_P(DecoderGolden, Bf16LogitsAreWithinItsRounding) {
  const at::NoGradGuard no_grad;
  ParameterStore store(store_.config(), at::kBFloat16);
  load_hf_weights(folder_, store);
  Decoder decoder(store);
  const at::Tensor logits = kernels::logits(decoder.hidden(input_), decoder.head());
  const at::Tensor want = golden_tensor(*golden_, "logits").flatten(0, 1);
  std::vector<double> row_nmse;
  for (int64_t r = 0; r < want.size(0); ++r) {
    double error = 0, power = 0;
    for (int64_t i = r * want.size(1); i < (r + 1) * want.size(1); ++i) {
      const double y = want.const_data_ptr<float>()[i];
      error += std::pow(logits.const_data_ptr<float>()[i] - y, 2);
      power += y * y;
    }
    row_nmse.push_back(error / power);
  }
  // As near as transformers' own, which rounds at about the same places; of the median row, as a
  // router chooses otherwise where two scores are within the rounding.
  std::ranges::sort(row_nmse);
  const double theirs = golden_tensor(*golden_, "bf16_nmse").item<float>();
  EXPECT_LT(row_nmse[row_nmse.size() / 2], std::max(1e-4, 1.5 * theirs));
}

TEST_P(DecoderGolden, EveryGradientMatchesTransformers) {
  // Two logical shards, a sequence each: their sum is the gradient.
  store_.enable_gradients(2);
  input_.shards =
      std::make_shared<const std::vector<int64_t>>(std::vector<int64_t>{0, rows_ / 2, rows_});
  const at::Tensor hidden = decoder_->hidden(input_);
  const at::Tensor targets = flat_golden("targets"), weights = flat_golden("weights");
  const auto log_probs = [&](const at::Tensor& h) {
    return kernels::token_logprob(h, decoder_->head(), targets, 1.0, store_.config().vocab_size,
                                  input_.shards)
        .logprob;
  };
  // loss = -sum weights * log p(targets) of both heads.
  std::vector<at::Tensor> outputs = {log_probs(hidden)};
  if (store_.config().num_nextn_predict_layers > 0)
    outputs.push_back(log_probs(decoder_->mtp_hidden(input_, hidden, flat_golden("next_ids"))));
  double loss = 0;
  for (const at::Tensor& output : outputs)
    for (int64_t i = 0; i < rows_; ++i)
      loss -= static_cast<double>(weights.const_data_ptr<float>()[i]) *
              output.const_data_ptr<float>()[i];
  EXPECT_NEAR(loss, golden_tensor(*golden_, "loss").item<float>(), 1e-4);
  torch::autograd::backward(outputs, std::vector<at::Tensor>(outputs.size(), weights.neg()));

  const at::Tensor grads = store_.grads().sum(0);
  int64_t compared = 0;
  for (const TensorEntry& t : store_.tensors()) {
    const at::Tensor want = golden_tensor(*golden_, "grad." + t.name);
    const at::Tensor got = grads.narrow(0, t.offset, t.numel).view(t.shape);
    EXPECT_LT(relative_difference(got, want), 1e-4) << t.name;
    compared += t.numel;
  }
  EXPECT_EQ(compared, store_.numel());
}

INSTANTIATE_TEST_SUITE_P(
    Transformers, DecoderGolden,
    testing::Values(Case{"lora_groups_yarn_mtp", "expanded"}, Case{"plain_tied", "expanded"},
                    Case{"dense_student"}, Case{"lora_groups_yarn_mtp", "absorbed"},
                    Case{"plain_tied", "absorbed"}, Case{"deepseek_v2_lite"},
                    Case{"deepseek_v2_groups", "absorbed"}, Case{"llama3"}, Case{"smollm2"},
                    Case{"llama_bias_linear"}, Case{"qwen2"}, Case{"qwen2_yarn_window"},
                    Case{"qwen3"}, Case{"qwen3_moe"}, Case{"gemma3"}),
    [](const auto& info) { return std::string(info.param.golden) + "_" + info.param.form; });

}  // namespace
}  // namespace cohort
