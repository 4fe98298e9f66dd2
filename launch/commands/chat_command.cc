// cohort chat MODEL: a conversation in the terminal, rendered by the model's own chat template.
// Ctrl-C ends the answer at hand, or the program between answers.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "launch/commands/commands.h"
#include "launch/commands/sampling_options.h"
#include "model/chat_template/chat_template.h"
#include "model/compute_device.h"
#include "rollout/engine/engine.h"
#include "trainer/model_source.h"

namespace cohort {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kHelp =
    "A line is sent as it is; one that ends in \\ goes on in the next; \"\"\" begins and ends a "
    "text "
    "of many lines.\n/reset forgets the conversation, /exit (or Ctrl-D) leaves, Ctrl-C ends an "
    "answer.\n";

std::atomic<bool> interrupted{false};

// Ctrl-C is a flag while this lives, and interrupts a read.
class InterruptFlag {
 public:
  InterruptFlag() {
    struct sigaction action = {};
    action.sa_handler = [](int) { interrupted = true; };
    sigaction(SIGINT, &action, &before_);
  }
  ~InterruptFlag() { sigaction(SIGINT, &before_, nullptr); }

 private:
  struct sigaction before_ = {};
};

struct AnswerStopped {};  // thrown through the engine

struct ChatOptions : SamplingOptions {
  std::string model, system;
  std::vector<std::string> settings;  // of the template
};

// NAME=JSON, or NAME=text.
nlohmann::ordered_json template_settings(const std::vector<std::string>& settings) {
  nlohmann::ordered_json kwargs = nlohmann::ordered_json::object();
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      throw_error<ConfigError>("--set {}: expected name=value", setting);
    const std::string value = setting.substr(equals + 1);
    const auto parsed = nlohmann::ordered_json::parse(value, nullptr, /*allow_exceptions=*/false);
    kwargs[setting.substr(0, equals)] =
        parsed.is_discarded() ? nlohmann::ordered_json(value) : parsed;
  }
  return kwargs;
}

class Chat {
 public:
  explicit Chat(const ChatOptions& options)
      : options_(options),
        model_(load_model(options.model, options.dtype)),
        template_(ChatTemplate::of_files(model_.tokenizer->files(), options.model)),
        kwargs_(template_settings(options.settings)),
        engine_(*model_.decoder, *model_.tokenizer, {.max_num_seqs = 1}) {
    if (const int32_t eos = model_.tokenizer->eos_id(); eos >= 0)
      options_.sampling.stop_token_ids.push_back(eos);
    engine_.on_step = [] {
      if (interrupted) throw AnswerStopped();
    };
    reset();
  }

  void reset() {
    messages_ = nlohmann::ordered_json::array();
    if (!options_.system.empty())
      messages_.push_back({{"role", "system"}, {"content", options_.system}});
  }

  // Streams the answer to stdout, and its speed to stderr.
  void answer(const std::string& text) {
    messages_.push_back({{"role", "user"}, {"content", text}});
    Prompt prompt;
    prompt.source = "this conversation";
    prompt.text = template_.render(conversation());
    prompt.tokens = model_.tokenizer->encode(prompt.text);
    const auto prompt_tokens = prompt.tokens.size();
    SamplingConfig sampling = options_.sampling;
    settle_length(sampling, {prompt}, model_.decoder->config());

    const auto stream = model_.tokenizer->stream_decoder(/*skip_special=*/true);
    std::string said;
    int64_t count = 0;
    const auto start = Clock::now();
    Clock::time_point first = start;
    const auto say = [&](const std::string& piece) {
      said += piece;
      std::cout << piece << std::flush;
    };
    engine_.on_token = [&](const Prompt&, int64_t, int32_t token) {
      if (count++ == 0) first = Clock::now();
      say(stream->push(token));
    };
    try {
      engine_.generate({std::move(prompt)}, sampling,
                       {.seed = static_cast<uint64_t>(options_.seed + turn_++)}, [](Group&&) {});
    } catch (const AnswerStopped&) {
      interrupted = false;
    }
    say(stream->finish());
    std::cout << '\n' << std::flush;
    const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
    const double decoding = seconds(Clock::now() - first);
    std::cerr << fmt::format(
        "[{} tokens, {:.1f}/s; prompt {} tokens, {:.2f} s]\n", count,
        count > 1 && decoding > 0 ? static_cast<double>(count - 1) / decoding : 0.0, prompt_tokens,
        seconds(first - start));
    messages_.push_back({{"role", "assistant"}, {"content", said}});
  }

 private:
  Conversation conversation() const {
    Conversation c;
    c.messages = messages_;
    c.add_generation_prompt = true;
    c.kwargs = kwargs_;
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    c.now = local;
    return c;
  }

  ChatOptions options_;
  LoadedModel model_;
  ChatTemplate template_;
  nlohmann::ordered_json kwargs_;
  Engine engine_;
  nlohmann::ordered_json messages_;
  int64_t turn_ = 0;
};

// One message of the user; false at the end of the input.
bool read_message(bool terminal, std::string& message) {
  message.clear();
  bool quoted = false;
  const auto ask = [&](const char* mark) {
    if (terminal) std::cout << mark << std::flush;
  };
  ask(">>> ");
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "\"\"\"") {
      if (quoted) return true;
      quoted = true;
    } else if (quoted) {
      message += message.empty() ? line : "\n" + line;
    } else if (line.ends_with('\\')) {
      line.pop_back();
      message += line + "\n";
    } else {
      message += line;
      return true;
    }
    ask("... ");
  }
  return !message.empty();
}

int chat(const ChatOptions& options) {
  choose_device(options.device);
  Chat session(options);
  const InterruptFlag flag;
  const bool terminal = isatty(STDIN_FILENO) != 0;
  if (terminal) std::cerr << kHelp;
  for (std::string message; read_message(terminal, message);) {
    if (message == "/exit") break;
    if (message == "/reset") {
      session.reset();
    } else if (message == "/help") {
      std::cerr << kHelp;
    } else if (!message.empty()) {
      session.answer(message);
    }
  }
  if (terminal) std::cout << '\n';
  return 0;
}

}  // namespace

void add_chat_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ChatOptions>();
  options->sampling.temperature = 0.7;
  CLI::App* command = app.add_subcommand("chat", "A conversation with a model");
  command
      ->add_option("model", options->model,
                   "Hugging Face folder, GGUF file, checkpoint, stage or run")
      ->required();
  command->add_option("--system", options->system, "The system's message");
  command->add_option("--set", options->settings,
                      "name=value ... for the template (enable_thinking=false)");
  add_sampling_options(*command, *options);
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return chat(*options); };
  });
}

}  // namespace cohort
