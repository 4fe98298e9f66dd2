#include "trainer/loss.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "trainer/objective.h"

namespace cohort {
namespace {

using nlohmann::json;

json read_golden(const std::string& name) {
  return json::parse(read_file(std::string(COHORT_SOURCE_DIR) + "/tests/golden/loss/" + name));
}

struct Sequence {
  std::vector<float> logprob, old_logprob, reference_logprob, entropy;
  std::vector<uint8_t> mask;
  double advantage = 0;
  size_t group = 0;
};

std::vector<Sequence> read_batch(const json& batch) {
  std::vector<Sequence> sequences;
  for (const json& s : batch) {
    sequences.push_back({s.at("logprob"), s.at("old_logprob"), s.at("reference_logprob"),
                         s.at("entropy"), s.at("mask"), s.at("advantage"), s.at("group")});
  }
  return sequences;
}

PolicyLossConfig read_loss_config(const json& c) {
  PolicyLossConfig config;
  config.loss_mode = c.at("loss_mode");
  config.clip_ratio_low = c.at("clip_ratio_low");
  config.clip_ratio_high = c.at("clip_ratio_high");
  config.clip_ratio_c = c.at("clip_ratio_c");
  config.loss_agg_mode = c.at("loss_agg_mode");
  config.use_kl_loss = c.at("use_kl_loss");
  config.kl_loss_type = c.at("kl_loss_type");
  config.kl_loss_coef = c.at("kl_loss_coef");
  config.entropy_coeff = c.at("entropy_coeff");
  return config;
}

BatchCounts count_sequences(const std::vector<Sequence>& sequences, int64_t horizon) {
  size_t num_groups = 0;
  for (const Sequence& s : sequences) num_groups = std::max(num_groups, s.group + 1);
  std::vector<TrainGroup> groups(num_groups);
  for (const Sequence& s : sequences) {
    TrainSample sample;
    sample.tokens.resize(s.mask.size());
    sample.mask = s.mask;
    groups[s.group].samples.push_back(sample);
  }
  return count_batch(groups, horizon);
}

SequenceTerms terms_of(const Sequence& s, const BatchCounts& counts) {
  return {s.logprob, s.old_logprob, s.reference_logprob,         s.entropy,
          s.mask,    s.advantage,   counts.group_tokens[s.group]};
}

void expect_close(double actual, double expected, double tolerance, const std::string& what) {
  EXPECT_LE(std::abs(actual - expected), tolerance * std::max(1e-6, std::abs(expected)))
      << what << ": " << actual << " against " << expected;
}

TEST(SequenceLoss, EveryCombinationAgreesWithFloat64Autograd) {
  const json golden = read_golden("loss_cases.json");
  ASSERT_GT(golden.at("cases").size(), 200u);
  for (const json& test : golden.at("cases")) {
    const auto sequences = read_batch(golden.at("batches").at(test.at("batch").get<std::string>()));
    const PolicyLossConfig config = read_loss_config(test.at("config"));
    const BatchCounts counts = count_sequences(sequences, golden.at("horizon"));
    const json& expected = test.at("expected");
    const std::string what = test.at("batch").dump() + test.at("config").dump();
    double policy = 0, kl = 0, entropy = 0;
    for (size_t i = 0; i < sequences.size(); ++i) {
      const size_t length = sequences[i].mask.size();
      std::vector<float> d_logprob(length, 0.0f), d_entropy(length, 0.0f);
      const SequenceLoss loss =
          sequence_loss(config, counts.loss, terms_of(sequences[i], counts), d_logprob, d_entropy);
      policy += loss.policy;
      kl += loss.kl;
      entropy += loss.entropy;
      for (size_t t = 0; t < length; ++t) {
        expect_close(d_logprob[t], expected.at("d_logprob")[i][t], 1e-7, what + " d_logprob");
        expect_close(d_entropy[t], expected.at("d_entropy")[i][t], 1e-7, what + " d_entropy");
      }
    }
    expect_close(policy, expected.at("policy"), 1e-12, what + " policy");
    expect_close(kl, expected.at("kl"), 1e-12, what + " kl");
    expect_close(entropy, expected.at("entropy"), 1e-12, what + " entropy");
  }
}

// A sequence of three tokens whose old and reference log-probs are its own bits.
Sequence on_policy_sequence() {
  const std::vector<float> logprob = {-0.3f, -1.7f, -2.0f / 3.0f};
  return {logprob, logprob, logprob, {0.5f, 1.0f, 0.25f}, {1, 1, 1}, 0.7, 0};
}

TEST(SequenceLoss, EqualBitsGiveRatioOfExactlyOne) {
  const Sequence sequence = on_policy_sequence();
  const BatchCounts counts = count_sequences({sequence}, 1);
  for (const char* mode : {"vanilla", "gspo", "cispo"}) {
    PolicyLossConfig config;
    config.loss_mode = mode;
    config.use_kl_loss = false;
    std::vector<float> d_logprob(3, 0.0f), d_entropy(3, 0.0f);
    const SequenceLoss loss =
        sequence_loss(config, counts.loss, terms_of(sequence, counts), d_logprob, d_entropy);
    EXPECT_EQ(loss.ratio_max, 1.0) << mode;
    EXPECT_EQ(loss.ratio_sum, 3.0) << mode;
    EXPECT_EQ(loss.clipped_high + loss.clipped_low + loss.clipped_dual, 0) << mode;
    for (float d : d_logprob) EXPECT_EQ(d, static_cast<float>(-0.7 / 3)) << mode;
  }
}

TEST(SequenceLoss, EqualBitsGiveExactlyNoK3AndNoGradient) {
  Sequence sequence = on_policy_sequence();
  sequence.advantage = 0;
  const BatchCounts counts = count_sequences({sequence}, 1);
  PolicyLossConfig config;
  config.kl_loss_coef = 1.0;
  std::vector<float> d_logprob(3, 0.0f), d_entropy(3, 0.0f);
  const SequenceLoss loss =
      sequence_loss(config, counts.loss, terms_of(sequence, counts), d_logprob, d_entropy);
  EXPECT_EQ(loss.kl, 0.0);
  EXPECT_EQ(loss.policy, 0.0);
  for (float d : d_logprob) EXPECT_EQ(d, 0.0f);
}

TEST(SequenceLoss, CountsWhatEachClipCut) {
  const std::vector<float> old(5, -1.0f);
  const std::vector<float> logprob = {-1.0f, -0.5f, -2.0f, 1.5f,
                                      -1.0f};  // ratios 1, 1.65, 0.37, 12.2, 1
  Sequence sequence{logprob, old, {}, std::vector<float>(5, 0.0f), {1, 1, 1, 1, 0}, 1.0, 0};
  PolicyLossConfig config;
  config.use_kl_loss = false;
  config.clip_ratio_c = 3;
  const BatchCounts counts = count_sequences({sequence}, 1);
  std::vector<float> d_logprob(5, 0.0f), d_entropy(5, 0.0f);
  SequenceLoss loss =
      sequence_loss(config, counts.loss, terms_of(sequence, counts), d_logprob, d_entropy);
  EXPECT_EQ(loss.clipped_high, 2);
  EXPECT_EQ(loss.clipped_low, 0);
  EXPECT_EQ(loss.clipped_dual, 0);
  EXPECT_NE(d_logprob[2], 0.0f);
  EXPECT_EQ(d_logprob[3], 0.0f);
  EXPECT_EQ(d_logprob[4], 0.0f) << "a masked token has no gradient";
  sequence.advantage = -1.0;
  loss = sequence_loss(config, counts.loss, terms_of(sequence, counts), d_logprob, d_entropy);
  EXPECT_EQ(loss.clipped_high, 0);
  EXPECT_EQ(loss.clipped_low, 1);
  EXPECT_EQ(loss.clipped_dual, 1);
}

TEST(SequenceLoss, FullyMaskedAndEmptySequencesLeaveTheCounts) {
  Sequence counted = on_policy_sequence(), masked = counted, empty{};
  masked.mask = {0, 0, 0};
  masked.group = empty.group = 1;
  const BatchCounts counts = count_sequences({counted, masked, empty}, 1);
  EXPECT_EQ(counts.loss.tokens, 3);
  EXPECT_EQ(counts.loss.sequences, 1);
  EXPECT_EQ(counts.loss.prompts, 1);
}

TEST(SequenceLoss, RefusesKlWithoutReference) {
  Sequence sequence = on_policy_sequence();
  sequence.reference_logprob.clear();
  const BatchCounts counts = count_sequences({sequence}, 1);
  std::vector<float> d_logprob(3), d_entropy(3);
  EXPECT_ANY_THROW(
      sequence_loss({}, counts.loss, terms_of(sequence, counts), d_logprob, d_entropy));
}

}  // namespace
}  // namespace cohort
