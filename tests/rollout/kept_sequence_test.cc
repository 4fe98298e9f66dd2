// Engine::keep_sequence: a conversation's later prompts are computed from where they differ, and
// nothing of their groups changes.
#include "core/base/error.h"
#include "tests/rollout/engine_test_support.h"

namespace cohort {
namespace {

struct Interrupt {};

struct KeepingEngine : Engine {
  KeepingEngine(TinyPolicy& policy, const EngineConfig& config)
      : Engine(*policy.decoder, *policy.tokenizer, config) {
    keep_sequence = true;
  }
};

class KeptSequences : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  KeptSequences() : policy_(GetParam()) { config_.block_size = 8; }

  SamplingConfig one_sample(int64_t length) const {
    SamplingConfig sampling = short_sampling(1);
    if (!stops_) sampling.stop_token_ids.clear();
    sampling.response_length = length;
    return sampling;
  }
  Group answer(Engine& engine, const Prompt& prompt, int64_t length = 30) {
    Group out;
    engine.generate({prompt}, one_sample(length), {.seed = 42, .stage = 3},
                    [&](Group&& group) { out = std::move(group); });
    return out;
  }
  void expect_as_fresh(const Group& group, const Prompt& prompt, const std::string& what,
                       int64_t length = 30) {
    const auto fresh = generate(policy_, {prompt}, {}, one_sample(length));
    expect_same_group(fresh.at(prompt.ordinal), group, what);
  }
  static void append(Prompt& prompt, const std::vector<int32_t>& tokens) {
    prompt.tokens.insert(prompt.tokens.end(), tokens.begin(), tokens.end());
  }

  TinyPolicy policy_;
  EngineConfig config_;
  bool stops_ = true;  // there are ids that end an answer
};

TEST_P(KeptSequences, TheNextTurnComputesWhatIsNew) {
  KeepingEngine engine(policy_, config_);
  Prompt prompt = random_prompt(1, 37);
  const Group first = answer(engine, prompt);
  expect_as_fresh(first, prompt, "first turn");
  const int64_t drawn = static_cast<int64_t>(first.completions[0].tokens.size());
  ASSERT_GT(drawn, 1);
  EXPECT_EQ(engine.stats().kept_tokens, 0);
  EXPECT_EQ(engine.stats().prefill_tokens, 37);

  append(prompt, first.completions[0].tokens);
  append(prompt, random_prompt(2, 13).tokens);
  expect_as_fresh(answer(engine, prompt), prompt, "second turn");
  // The last token that was drawn was never computed.
  EXPECT_EQ(engine.stats().kept_tokens, 37 + drawn - 1);
  EXPECT_EQ(engine.stats().prefill_tokens, 37 + 1 + 13);
}

TEST_P(KeptSequences, APromptThatDiffersIsComputedFromThere) {
  for (const size_t same : {0, 1, 7, 8, 9, 36, 37, 38}) {
    KeepingEngine engine(policy_, config_);
    Prompt prompt = random_prompt(1, 37);
    append(prompt, answer(engine, prompt).completions[0].tokens);
    prompt.tokens.resize(same);
    append(prompt, {54, 53, 52, 51, 50});
    const Group group = answer(engine, prompt);
    expect_as_fresh(group, prompt, std::to_string(same) + " tokens are the same");
    EXPECT_GE(engine.stats().kept_tokens, static_cast<int64_t>(same));
    EXPECT_LT(engine.stats().kept_tokens, static_cast<int64_t>(same) + 2);  // 54 may be drawn too
  }
}

TEST_P(KeptSequences, ThePromptAgainNeedsOnlyItsLastToken) {
  KeepingEngine engine(policy_, config_);
  const Prompt prompt = random_prompt(1, 37);
  answer(engine, prompt);
  expect_as_fresh(answer(engine, prompt), prompt, "again");
  EXPECT_EQ(engine.stats().kept_tokens, 36);
}

TEST_P(KeptSequences, WhatWasComputedBeforeAnInterruptIsKept) {
  config_.prefill_chunk = 10;
  stops_ = false;
  for (const int steps : {0, 1, 2, 3, 4, 5, 9}) {  // four chunks of the prompt, then the answer
    KeepingEngine engine(policy_, config_);
    Prompt prompt = random_prompt(1, 37);
    int left = steps;
    engine.on_step = [&] {
      if (left-- == 0) throw Interrupt();
    };
    std::vector<int32_t> said;
    engine.on_token = [&](const Prompt&, int64_t, int32_t token) { said.push_back(token); };
    EXPECT_THROW(answer(engine, prompt), Interrupt);
    engine.on_step = nullptr;
    engine.on_token = nullptr;
    const int64_t prefilled = engine.stats().prefill_tokens;
    EXPECT_EQ(prefilled, std::min(37, 10 * steps));

    append(prompt, said);
    append(prompt, {54, 53});
    expect_as_fresh(answer(engine, prompt), prompt, "after " + std::to_string(steps) + " steps");
    EXPECT_EQ(engine.stats().kept_tokens,
              prefilled + std::max<int64_t>(0, static_cast<int64_t>(said.size()) - 1));
  }
}

TEST_P(KeptSequences, OtherCallsAndForgetStartAfresh) {
  KeepingEngine engine(policy_, config_);
  const Prompt prompt = random_prompt(1, 37);
  const auto expect_nothing_kept = [&](const std::string& what) {
    expect_as_fresh(answer(engine, prompt), prompt, what);
    EXPECT_EQ(engine.stats().kept_tokens, 0) << what;
  };
  answer(engine, prompt);
  engine.generate(random_prompts(9), short_sampling(), {}, [](Group&&) {});
  expect_nothing_kept("after a call with more prompts");
  engine.forget();
  expect_nothing_kept("after forget()");
}

TEST_P(KeptSequences, APromptThatDoesNotFitLeavesWhatIsKept) {
  config_.num_blocks = 12;
  KeepingEngine engine(policy_, config_);
  Prompt prompt = random_prompt(1, 37);
  append(prompt, answer(engine, prompt, 20).completions[0].tokens);
  EXPECT_THROW(answer(engine, random_prompt(1, 90), 20), InputError);
  EXPECT_THROW(answer(engine, random_prompt(1, 250), 20), InputError);  // positions
  expect_as_fresh(answer(engine, prompt, 20), prompt, "after a refusal", 20);
  EXPECT_EQ(engine.stats().kept_tokens, static_cast<int64_t>(prompt.tokens.size()) - 1);
}

// Turns that add, take back and are interrupted, in a cache with no block to spare.
TEST_P(KeptSequences, ALongConversationIsThatOfFreshEngines) {
  const int64_t room = 96, length = 12;
  config_.block_size = 4;
  config_.prefill_chunk = 9;
  config_.num_blocks = num_blocks_needed(config_, room - 1, length);
  KeepingEngine engine(policy_, config_);
  DrawStream draws({.seed = 5, .kind = DrawKind::data});
  Prompt prompt = random_prompt(1, 20);
  int64_t turns = 0;
  for (; turns < 60; ++turns) {
    const auto stop_after = static_cast<int64_t>(draws.next_below(24));
    std::vector<int32_t> said;
    int64_t steps = 0;
    engine.on_token = [&](const Prompt&, int64_t, int32_t token) { said.push_back(token); };
    engine.on_step = [&] {
      if (turns % 3 == 0 && steps++ == stop_after) throw Interrupt();
    };
    const std::string what = "turn " + std::to_string(turns);
    try {
      expect_as_fresh(answer(engine, prompt, length), prompt, what, length);
    } catch (const Interrupt&) {
    }
    append(prompt, said);
    if (draws.next_below(2) == 0) prompt.tokens.resize(1 + draws.next_below(prompt.tokens.size()));
    for (auto more = draws.next_below(20); more > 0; --more)
      prompt.tokens.push_back(static_cast<int32_t>(draws.next_below(kTokens)));
    if (static_cast<int64_t>(prompt.tokens.size()) >= room)
      prompt.tokens.resize(static_cast<size_t>(room) - 1);
  }
  EXPECT_GT(engine.stats().kept_tokens, 3 * engine.stats().prefill_tokens / 2);
}

INSTANTIATE_TEST_SUITE_P(Dtypes, KeptSequences, ::testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& info) { return std::string(c10::toString(info.param)); });

}  // namespace
}  // namespace cohort
