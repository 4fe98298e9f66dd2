// The nouns of a rollout.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cohort {

struct Prompt {
  int64_t ordinal = 0;  // place in the stage's stream; part of the key of every draw
  int64_t row = 0;      // row of the data set
  std::string source;   // "file:line", for messages
  std::string text;     // as rendered by the template
  std::string answer;   // gold
  std::vector<int32_t> tokens;
};

enum class Finish : uint8_t { stop = 0, length = 1 };

struct Completion {
  std::vector<int32_t> tokens;  // with the stop token, if it was sampled
  std::vector<float> logprob;   // log-softmax at temperature over the whole vocabulary
  std::vector<float>
      logprob_sampled;  // under the truncated distribution (equal when nothing is cut)
  // Where they are recorded: of each token the experts of its row in every MoE layer, as a hash.
  std::vector<int16_t> expert_sets = {};
  Finish finish = Finish::length;
  std::string text;  // decoded, stop token and stop string included
};

// Reward of one completion: components in the order of the stage's reward list.
struct Score {
  struct Component {
    double value = 0;
    uint8_t verdict = 0;  // rewards/reward.h
    uint16_t reason = 0;
    int32_t test_case = 0;  // the test that decided, from 1; 0: none
  };
  double total = 0;       // weighted sum of the components
  double punishment = 0;  // of length and KL; the advantage is that of total + punishment
  std::vector<Component> components;
};

struct Group {
  Prompt prompt;
  std::vector<Completion> completions;
  std::vector<Score> scores;       // one a completion, when graded
  std::vector<double> advantages;  // one a completion, when known
};

}  // namespace cohort
