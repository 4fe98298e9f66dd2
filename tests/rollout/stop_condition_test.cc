#include "rollout/engine/stop_condition.h"

#include <gtest/gtest.h>

#include "core/base/error.h"

namespace cohort {
namespace {

const std::string kLetters = "abcdefghijklmnopqrstuvwxyz. ";

// Feeds the text's tokens one by one; how many until it ends.
size_t tokens_until_end(const Tokenizer& tokenizer, const SamplingConfig& config,
                        const std::string& text, std::optional<Finish>* finish = nullptr) {
  const StopCondition stop(config, tokenizer);
  Completion completion;
  for (const int32_t token : tokenizer.encode(text)) {
    completion.tokens.push_back(token);
    if (const auto end = stop.finished(completion)) {
      if (finish != nullptr) *finish = end;
      return completion.tokens.size();
    }
  }
  return 0;
}

TEST(StopCondition, EndsAtAStopId) {
  const auto tokenizer = Tokenizer::characters(kLetters, {"<|eos|>", "<|end|>"});
  SamplingConfig config;
  config.stop_token_ids = {tokenizer->id_of("<|end|>"), tokenizer->id_of("<|eos|>")};
  std::optional<Finish> finish;
  EXPECT_EQ(tokens_until_end(*tokenizer, config, "ab<|eos|>cd", &finish), 3u);
  EXPECT_EQ(finish, Finish::stop);
  EXPECT_EQ(tokens_until_end(*tokenizer, config, "<|end|>", &finish), 1u);
}

TEST(StopCondition, EndsAtAStringAcrossTokens) {
  const auto tokenizer = Tokenizer::characters(kLetters, {});
  SamplingConfig config;
  config.stop = {"xyz", "the end"};
  std::optional<Finish> finish;
  EXPECT_EQ(tokens_until_end(*tokenizer, config, "ab xy the enxthe end.", &finish), 20u);
  EXPECT_EQ(finish, Finish::stop);
  EXPECT_EQ(tokens_until_end(*tokenizer, config, "xxxyzz"), 5u);
  EXPECT_EQ(tokens_until_end(*tokenizer, config, "xy z"), 0u);
}

TEST(StopCondition, CharactersOfSeveralBytesAreMatched) {
  const auto tokenizer = Tokenizer::bytes({});
  SamplingConfig config;
  config.stop = {"\xe2\x82\xac."};  // a euro sign and a dot: four tokens
  EXPECT_EQ(tokens_until_end(*tokenizer, config,
                             "\xe2\x82\xac\xe2\x82\xac\xf0\x9f\x98\x80\xe2\x82\xac.x"),
            14u);
}

TEST(StopCondition, EndsAtTheLengthLimit) {
  const auto tokenizer = Tokenizer::characters(kLetters, {});
  SamplingConfig config;
  config.response_length = 4;
  std::optional<Finish> finish;
  EXPECT_EQ(tokens_until_end(*tokenizer, config, "abcdef", &finish), 4u);
  EXPECT_EQ(finish, Finish::length);
  config.stop = {"d"};  // both at once: it stopped
  EXPECT_EQ(tokens_until_end(*tokenizer, config, "abcdef", &finish), 4u);
  EXPECT_EQ(finish, Finish::stop);
}

TEST(StopCondition, RefusesAnEmptyString) {
  const auto tokenizer = Tokenizer::characters(kLetters, {});
  SamplingConfig config;
  config.stop = {""};
  EXPECT_THROW(StopCondition(config, *tokenizer), ConfigError);
}

}  // namespace
}  // namespace cohort
