#include "launch/commands/chat_session.h"

#include <chrono>
#include <iostream>

#include "core/base/error.h"
#include "launch/commands/date_option.h"
#include "trainer/end_ids.h"

namespace cohort {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

struct AnswerStopped {};  // thrown through the engine

double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

// NAME=JSON, or NAME=text.
Json template_settings(const std::vector<std::string>& settings) {
  Json kwargs = Json::object();
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      throw_error<ConfigError>("--set {}: expected name=value", setting);
    const std::string value = setting.substr(equals + 1);
    const auto parsed = Json::parse(value, nullptr, /*allow_exceptions=*/false);
    kwargs[setting.substr(0, equals)] = parsed.is_discarded() ? Json(value) : parsed;
  }
  return kwargs;
}

}  // namespace

// An answer while it is made.
struct ChatSession::Saying {
  std::unique_ptr<StreamDecoder> stream;
  std::string text;
  int64_t count = 0;  // tokens
  bool cut = false;   // by its length
  Clock::time_point start = Clock::now(), first = start;

  void say(const std::string& piece) {
    text += piece;
    std::cout << piece << std::flush;
  }
};

ChatSession::ChatSession(const ChatOptions& options, std::atomic<bool>& interrupted)
    : options_(options),
      interrupted_(interrupted),
      model_(load_model(options.model, options.dtype, "", Masters::none)),
      template_(ChatTemplate::of_files(model_.tokenizer->files(), options.model)),
      kwargs_(template_settings(options.settings)),
      engine_(*model_.decoder, *model_.tokenizer, options.engine) {
  options_.sampling.stop_token_ids = end_ids(*model_.tokenizer, model_.store->config());
  if (const int32_t id = end_of_turn(); id >= 0) options_.sampling.stop_token_ids.push_back(id);
  engine_.keep_sequence = true;
  engine_.on_step = [this] {
    if (interrupted_) throw AnswerStopped();
  };
  reset();
}

void ChatSession::reset() {
  engine_.forget();
  messages_ = Json::array();
  if (!options_.system.empty())
    messages_.push_back({{"role", "system"}, {"content", options_.system}});
}

void ChatSession::answer(const std::string& text) {
  const Json before = messages_;
  messages_.push_back({{"role", "user"}, {"content", text}});
  Saying saying{.stream = model_.tokenizer->stream_decoder(/*skip_special=*/true), .text = {}};
  const int64_t kept_before = engine_.stats().kept_tokens;
  int64_t prompt_tokens = 0;
  try {
    const Prompt prompt = next_prompt();
    prompt_tokens = static_cast<int64_t>(prompt.tokens.size());
    SamplingConfig sampling = options_.sampling;
    settle_length(sampling, {prompt}, room(), kLongestAnswer);
    // What the template has already begun is part of the answer.
    if (prompt_opens_think(prompt.text))
      saying.text = prompt.text.substr(prompt.text.rfind("<think>"));
    generate(prompt, sampling, saying);
  } catch (const InputError&) {
    messages_ = before;
    throw;
  }
  std::cout << '\n' << std::flush;
  const double decoding = seconds(Clock::now() - saying.first);
  std::cerr << fmt::format(
      "[{} tokens{}, {:.1f}/s; prompt {} tokens, {} new, {:.2f} s]\n", saying.count,
      saying.cut ? ", cut" : "",
      saying.count > 1 && decoding > 0 ? static_cast<double>(saying.count - 1) / decoding : 0.0,
      prompt_tokens, prompt_tokens - (engine_.stats().kept_tokens - kept_before),
      seconds(saying.first - saying.start));
  if (saying.count == 0)
    messages_ = before;  // stopped before the first token: never asked
  else
    messages_.push_back({{"role", "assistant"}, {"content", saying.text}});
}

void ChatSession::generate(const Prompt& prompt, const SamplingConfig& sampling, Saying& saying) {
  engine_.on_token = [&](const Prompt&, int64_t, int32_t token) {
    if (saying.count++ == 0) {
      saying.first = Clock::now();
      std::cout << saying.text;
    }
    saying.say(saying.stream->push(token));
  };
  engine_.on_end = [&](const Prompt&, int64_t, const Completion& completion) {
    saying.cut = completion.finish == Finish::length;
  };
  try {
    engine_.generate({prompt}, sampling, {.seed = static_cast<uint64_t>(options_.seed + turn_++)},
                     [](Group&&) {});
  } catch (const AnswerStopped&) {
    interrupted_ = false;
    if (saying.count == 0) saying.first = Clock::now();
  }
  saying.say(saying.stream->finish());
}

Conversation ChatSession::conversation() const {
  Conversation c;
  c.messages = messages_;
  c.add_generation_prompt = true;
  c.kwargs = kwargs_;
  c.now = template_time(options_.date);
  return c;
}

Prompt ChatSession::next_prompt() const {
  Prompt prompt;
  prompt.source = "this conversation";
  prompt.text = template_.render(conversation());
  prompt.tokens = model_.tokenizer->encode(prompt.text);
  return prompt;
}

// Tokens that prompt and answer may have together.
int64_t ChatSession::room() const {
  const ModelConfig& model = model_.decoder->config();
  const int64_t blocks =
      num_blocks_allowed(options_.engine, model, model_.decoder->head().data.scalar_type());
  // The prompt's last block is there twice, and a new block may be begun.
  return std::min(model.max_position_embeddings, (blocks - 2) * options_.engine.block_size);
}

// The special token with which the template closes an answer; -1 when there is none. It need not be
// the one that ends all text (Gemma, Llama 3).
int32_t ChatSession::end_of_turn() const {
  const std::string said = "answer";
  Conversation c = conversation();
  c.add_generation_prompt = false;
  c.messages = {{{"role", "user"}, {"content", "question"}},
                {{"role", "assistant"}, {"content", said}}};
  try {
    const std::string text = template_.render(c);
    const size_t at = text.rfind(said);
    if (at == std::string::npos) return -1;
    const std::vector<int32_t> ids = model_.tokenizer->encode(text.substr(at + said.size()));
    if (ids.empty()) return -1;
    const std::vector<int32_t> first = {ids.front()};
    const bool special = model_.tokenizer->decode(first, /*skip_special=*/true).empty() &&
                         !model_.tokenizer->decode(first).empty();
    return special ? first[0] : -1;
  } catch (const InputError&) {  // of a template that wants something else said
    return -1;
  }
}

}  // namespace cohort
