// The whole of training and of a rollout on the kernels' sources compiled for the host: what the
// device's dispatch forgets, or leaves in host memory, shows here.
#include <gtest/gtest.h>

#include "model/exactness_probe.h"
#include "rollout/engine/engine.h"
#include "tests/support/device_under_test.h"
#include "tests/trainer/toy.h"

namespace cohort {
namespace {

using testing_support::OnDevice;

toy::RunResult train(at::ScalarType dtype) {
  const auto comm = make_null_communicator();
  return toy::train_a_little(*comm, dtype, /*num_groups=*/5);
}

TEST(DeviceLearner, TrainsLikeTheCpu) {
  const toy::RunResult want = train(at::kFloat);
  for (const auto& where : testing_support::devices_under_test()) {
    if (!where.emulated) continue;  // the toy lives in host memory
    const OnDevice guard(where);
    const toy::RunResult got = train(at::kFloat);
    ASSERT_EQ(want.metrics.size(), got.metrics.size());
    for (size_t i = 0; i < want.metrics.size(); ++i) {
      for (const auto& [name, value] : want.metrics[i]) {
        EXPECT_NEAR(got.metrics[i].at(name), value, 1e-4 * (1 + std::abs(value))) << name;
      }
    }
    // Adam's first ticks have the size of lr whatever the gradient: a gradient near 0 may flip one.
    ASSERT_EQ(want.weights.size(), got.weights.size());
    size_t far = 0;
    for (size_t i = 0; i < want.weights.size(); ++i)
      far += std::abs(want.weights[i] - got.weights[i]) > 1e-3;
    EXPECT_LE(far, want.weights.size() / 1000);
  }
}

// The contract: a token has the same bits in a rollout, in any chunks, and in training.
TEST(DeviceLearner, RolloutAndTrainingHaveTheSameBits) {
  for (const char* form : {"expanded", "absorbed"}) {
    for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
      for (const auto& where : testing_support::devices_under_test()) {
        const OnDevice guard(where);
        ModelConfig config = toy::model_config();
        config.mla_form = form;
        ParameterStore store(config, dtype, where.device);
        store.initialise(3);
        Decoder decoder(store);
        const auto fault = probe_exactness(decoder);
        EXPECT_FALSE(fault.has_value()) << where.name << ", " << form << ": " << *fault;
      }
    }
  }
}

// Log-probs as sampled are those that the learner computes for the same tokens.
TEST(DeviceLearner, TheFirstRatioIsExactlyOne) {
  for (const auto& where : testing_support::devices_under_test()) {
    const OnDevice guard(where);
    ParameterStore store(toy::model_config(), at::kFloat, where.device);
    at::Tensor masters;
    store.initialise(3, &masters);
    Decoder decoder(store);
    const auto tokenizer = Tokenizer::characters("0123456789+-*/=()<>abcdefghij", {"<eos>"});
    Engine engine(decoder, *tokenizer, {.prefill_chunk = 3, .block_size = 4});
    std::vector<Prompt> prompts(2);
    for (size_t i = 0; i < prompts.size(); ++i) {
      prompts[i].ordinal = static_cast<int64_t>(i);
      prompts[i].tokens = {1, 2, static_cast<int32_t>(3 + i), 4, 5};
    }
    SamplingConfig sampling;
    sampling.n = 3;
    sampling.temperature = 0.8;
    sampling.response_length = 7;
    std::vector<TrainGroup> groups;
    engine.generate(prompts, sampling, {.seed = 4}, [&](Group&& group) {
      TrainGroup& train = groups.emplace_back();
      train.prompt = group.prompt.tokens;
      for (const Completion& c : group.completions) {
        TrainSample& sample = train.samples.emplace_back();
        sample.tokens = c.tokens;
        sample.old_logprob = c.logprob;
        sample.mask.assign(c.tokens.size(), 1);
        sample.advantage = static_cast<double>(train.samples.size()) - 2;
      }
    });
    const auto comm = make_null_communicator();
    Learner learner(decoder, *comm, {.dp_shards = 2, .num_valid_tokens = tokenizer->vocab_size()},
                    {});
    PolicyLossConfig loss;
    loss.use_kl_loss = false;
    loss.temperature = 0.8;
    const StepMetrics metrics = learner.update_policy(groups, loss, 0.01);
    EXPECT_EQ(metrics.at("logprob_abs_diff_max"), 0) << where.name;
    EXPECT_GT(metrics.at("actor/grad_norm"), 0) << where.name;
  }
}

}  // namespace
}  // namespace cohort
