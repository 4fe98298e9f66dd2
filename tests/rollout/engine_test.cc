#include "rollout/engine/engine.h"

#include <cmath>
#include <map>
#include <set>

#include "core/base/error.h"
#include "kernels/token_logprob/token_logprob.h"
#include "tests/rollout/engine_test_support.h"

namespace cohort {
namespace {

void expect_input_error(TinyPolicy& policy, const Prompt& prompt, const EngineConfig& config,
                        const std::string& part) {
  try {
    generate(policy, {prompt}, config);
    FAIL() << "no error, expected: " << part;
  } catch (const InputError& e) {
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  }
}

TEST(Engine, CompletionsEndAsTheirFinishSays) {
  TinyPolicy policy;
  SamplingConfig sampling = short_sampling();
  sampling.stop = {"ab", "4", "=c"};
  int64_t stops = 0, strings = 0, lengths = 0;
  for (const auto& [ordinal, group] : generate(policy, random_prompts(40), {}, sampling)) {
    ASSERT_EQ(group.completions.size(), 8u);
    EXPECT_TRUE(group.scores.empty());
    for (const Completion& c : group.completions) {
      EXPECT_EQ(c.text, policy.tokenizer->decode(c.tokens));
      EXPECT_EQ(c.logprob.size(), c.tokens.size());
      EXPECT_TRUE(same_bits(c.logprob, c.logprob_sampled));
      const auto is_stop = [](int32_t t) { return t >= 7 && t <= 9; };
      EXPECT_EQ(std::count_if(c.tokens.begin(), c.tokens.end() - 1, is_stop), 0)
          << "a stop id was passed";
      size_t first_string = std::string::npos;
      for (const std::string& s : sampling.stop) {
        const size_t at = c.text.find(s);
        if (at != std::string::npos) first_string = std::min(first_string, at + s.size());
      }
      if (c.finish == Finish::stop) {
        EXPECT_TRUE(is_stop(c.tokens.back()) || first_string == c.text.size()) << c.text;
        ++(is_stop(c.tokens.back()) ? stops : strings);
      } else {
        EXPECT_EQ(c.tokens.size(), 30u);
        EXPECT_FALSE(is_stop(c.tokens.back()));
        EXPECT_EQ(first_string, std::string::npos) << c.text;
        ++lengths;
      }
    }
  }
  EXPECT_GT(stops, 0);
  EXPECT_GT(strings, 0);
  EXPECT_GT(lengths, 0);
}

TEST(Engine, TokensAreToldAsTheyAreDrawn) {
  TinyPolicy policy;
  const SamplingConfig sampling = short_sampling();
  Engine engine(*policy.decoder, *policy.tokenizer, {});
  std::map<std::pair<int64_t, int64_t>, std::vector<int32_t>> told;
  engine.on_token = [&](const Prompt& prompt, int64_t sample, int32_t token) {
    told[{prompt.ordinal, sample}].push_back(token);
  };
  int64_t groups = 0;
  engine.generate(random_prompts(6), sampling, {.seed = 3}, [&](Group&& group) {
    ++groups;
    for (size_t i = 0; i < group.completions.size(); ++i)
      EXPECT_EQ((told[{group.prompt.ordinal, static_cast<int64_t>(i)}]),
                group.completions[i].tokens);
  });
  EXPECT_EQ(groups, 6);
}

// First tokens of a prompt against the softmax of its last row, in float64.
TEST(Engine, SampledFrequenciesAreTheSoftmaxs) {
  TinyPolicy policy;
  SamplingConfig sampling;
  sampling.n = 20000;
  sampling.response_length = 1;
  sampling.temperature = 0.8;
  Prompt prompt = random_prompt(5, 11);
  const auto groups = generate(policy, {prompt}, {}, sampling);

  DecoderInput input;
  std::vector<int32_t> positions(11);
  auto layout = std::make_shared<kernels::AttentionLayout>();
  for (int32_t i = 0; i < 11; ++i)
    layout->key_rows.push_back(positions[static_cast<size_t>(i)] = i);
  layout->query_offsets = layout->key_offsets = {0, 11};
  layout->first_position = {0};
  input.tokens = at::from_blob(prompt.tokens.data(), {11}, at::kInt);
  input.positions = at::from_blob(positions.data(), {11}, at::kInt);
  input.layout = layout;
  const at::Tensor logits =
      kernels::logits(policy.decoder->hidden(input).narrow(0, 10, 1), policy.decoder->head());
  std::vector<double> p(kTokens);
  double total = 0;
  for (int64_t v = 0; v < kTokens; ++v)
    total += p[static_cast<size_t>(v)] =
        std::exp(static_cast<double>(logits.const_data_ptr<float>()[v]) / 0.8);
  std::vector<double> count(kTokens);
  for (const Completion& c : groups.at(5).completions) {
    ASSERT_EQ(c.tokens.size(), 1u);
    ASSERT_LT(c.tokens[0], kTokens);
    ++count[static_cast<size_t>(c.tokens[0])];
    EXPECT_NEAR(c.logprob[0], std::log(p[static_cast<size_t>(c.tokens[0])] / total), 1e-4);
  }
  double chi_square = 0, cells = 0;
  for (size_t v = 0; v < kTokens; ++v) {
    const double expected = p[v] / total * 20000;
    if (expected < 10) continue;
    chi_square += (count[v] - expected) * (count[v] - expected) / expected;
    ++cells;
  }
  ASSERT_GT(cells, 10);
  EXPECT_LT(chi_square, cells + 5 * std::sqrt(2 * cells));
}

TEST(Engine, EveryPartOfTheKeyMakesOtherDraws) {
  TinyPolicy policy;
  const Prompt prompt = random_prompt(5, 11);
  Engine engine(*policy.decoder, *policy.tokenizer, {});
  std::set<std::vector<int32_t>> different;
  size_t samples = 0;
  const auto sample = [&](const DrawScope& scope, int64_t ordinal) {
    Prompt keyed = prompt;
    keyed.ordinal = ordinal;
    SamplingConfig sampling = short_sampling(4);
    sampling.stop_token_ids.clear();
    engine.generate({keyed}, sampling, scope, [&](Group&& group) {
      for (const Completion& c : group.completions) different.insert(c.tokens);
      samples += group.completions.size();
    });
  };
  sample({.seed = 1, .stage = 1}, 1);
  sample({.seed = 2, .stage = 1}, 1);
  sample({.seed = 1, .stage = 2}, 1);
  sample({.seed = 1, .stage = 1}, 2);
  EXPECT_EQ(different.size(), samples);
  sample({.seed = 1, .stage = 1}, 1);
  EXPECT_EQ(different.size() + 4, samples);
}

TEST(Engine, GreedyCompletionsAreAllTheSame) {
  TinyPolicy policy;
  SamplingConfig sampling = short_sampling(3);
  sampling.temperature = 0;
  const auto groups = generate(policy, random_prompts(5), {}, sampling);
  for (const auto& [ordinal, group] : groups) {
    for (const Completion& c : group.completions) {
      EXPECT_EQ(c.tokens, group.completions[0].tokens);
      for (size_t i = 0; i < c.tokens.size(); ++i) {
        EXPECT_LT(c.logprob[i], 0);
        EXPECT_EQ(c.logprob_sampled[i], 0);
      }
    }
  }
}

TEST(Engine, TruncatedSamplingGivesBothLogProbs) {
  TinyPolicy policy;
  SamplingConfig sampling = short_sampling();
  sampling.top_k = 5;
  for (const auto& [ordinal, group] : generate(policy, random_prompts(5), {}, sampling))
    for (const Completion& c : group.completions)
      for (size_t i = 0; i < c.tokens.size(); ++i) EXPECT_GT(c.logprob_sampled[i], c.logprob[i]);
}

TEST(Engine, PromptsThatCannotFitAreNamed) {
  TinyPolicy policy;
  expect_input_error(policy, random_prompt(1, 0), {}, "prompt 1: the prompt has no tokens");
  expect_input_error(policy, random_prompt(2, 227), {},
                     "prompt 2: 227 tokens of prompt and response_length 30 exceed");
  EngineConfig config;
  config.num_blocks = 4;
  expect_input_error(policy, random_prompt(3, 40), config,
                     "prompt 3: 40 tokens of prompt and response_length 30 need");
}

TEST(Engine, GroupsArriveAsTheyComplete) {
  TinyPolicy policy;
  EngineConfig config;
  config.max_num_seqs = 8;
  Engine engine(*policy.decoder, *policy.tokenizer, config);
  int64_t steps = 0, first = 0, last = 0;
  engine.on_step = [&] { ++steps; };
  engine.generate(random_prompts(10), short_sampling(), {}, [&](Group&&) {
    if (first == 0) first = steps;
    last = steps;
  });
  EXPECT_LT(first, last / 2);
  EXPECT_EQ(engine.stats().steps, steps);
  EXPECT_GT(engine.stats().decode_tokens, 0);
}

TEST(Engine, AnInterruptedCallLeavesTheEngineUsable) {
  TinyPolicy policy;
  Engine engine(*policy.decoder, *policy.tokenizer, {});
  int64_t steps = 0;
  engine.on_step = [&] {
    if (++steps == 3) throw InputError("stop here");
  };
  const auto ignore = [](Group&&) {};
  EXPECT_THROW(engine.generate(random_prompts(4), short_sampling(), {}, ignore), InputError);
  const auto expected = generate(policy, random_prompts(4), {});
  engine.generate(
      random_prompts(4), short_sampling(), {.seed = 42, .stage = 3}, [&](Group&& group) {
        expect_same_group(expected.at(group.prompt.ordinal), group, "after an interrupt");
      });
  engine.generate({}, short_sampling(), {}, ignore);
}

TEST(EngineConfig, RefusesContradictions) {
  const auto read = [](const std::string& text) {
    read_config_text(text, "test", {}, [](Fields& f) {
      SamplingConfig sampling;
      EngineConfig engine;
      sampling.describe(f);
      engine.describe(f);
    });
  };
  read(
      "{n: 16, temperature: 0.6, top_p: 0.95, stop: [\"###\"], stop_token_ids: [2], block_size: "
      "32}");
  EXPECT_THROW(read("{top_p: 0}"), ConfigError);
  EXPECT_THROW(read("{min_p: 1.5}"), ConfigError);
  EXPECT_THROW(read("{temperature: -1}"), ConfigError);
  EXPECT_THROW(read("{n: 0}"), ConfigError);
  EXPECT_THROW(read("{stop: [\"\"]}"), ConfigError);
  EXPECT_THROW(read("{max_num_seqs: 100, max_num_batched_tokens: 50}"), ConfigError);
}

}  // namespace
}  // namespace cohort
