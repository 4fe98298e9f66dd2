// A conversation: what was said, rendered by the model's own chat template for every answer.
#pragma once

#include <atomic>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "launch/commands/sampling_options.h"
#include "model/chat_template/chat_template.h"
#include "rollout/engine/engine.h"
#include "trainer/model_source.h"

namespace cohort {

constexpr int64_t kLongestAnswer = 4096;  // tokens, where --max-new does not say

struct ChatOptions : SamplingOptions {
  std::string model, system, date;
  std::vector<std::string> settings;  // of the template: name=value
  EngineConfig engine = {.max_num_seqs = 1, .prefill_chunk = 256};
};

class ChatSession {
 public:
  // Loads the model. interrupted: where it becomes true an answer ends early.
  ChatSession(const ChatOptions& options, std::atomic<bool>& interrupted);

  // Forgets what was said, and its cache.
  void reset();
  // Streams the answer to stdout, and then its speed to stderr. InputError, and nothing said:
  // the template refuses the conversation, or the model or the cache has no room for it.
  void answer(const std::string& text);

 private:
  struct Saying;

  Conversation conversation() const;
  Prompt next_prompt() const;
  int64_t room() const;
  int32_t end_of_turn() const;
  void generate(const Prompt& prompt, const SamplingConfig& sampling, Saying& saying);

  ChatOptions options_;
  std::atomic<bool>& interrupted_;
  LoadedModel model_;
  ChatTemplate template_;
  nlohmann::ordered_json kwargs_;
  Engine engine_;
  nlohmann::ordered_json messages_;
  int64_t turn_ = 0;
};

}  // namespace cohort
