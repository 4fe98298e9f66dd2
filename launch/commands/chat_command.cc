// cohort chat MODEL: a conversation in the terminal, or with standard input, where a line is a
// message. At a terminal Ctrl-C ends the answer at hand, or forgets what is being typed.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "core/base/error.h"
#include "core/base/log.h"
#include "launch/commands/chat_session.h"
#include "launch/commands/commands.h"
#include "launch/commands/date_option.h"
#include "launch/commands/line_editor.h"
#include "model/compute_device.h"

namespace cohort {
namespace {

constexpr const char* kHelp =
    "Enter sends a line. One that ends in \\ goes on in the next; \"\"\" begins and ends a text of "
    "many lines;\nwhat is pasted may have many. /reset forgets the conversation, /exit (or Ctrl-D) "
    "leaves, Ctrl-C ends an answer.\n";
constexpr std::string_view kQuotes = "\"\"\"";

std::atomic<bool> interrupted{false};

// Ctrl-C is a flag while this lives.
class InterruptFlag {
 public:
  InterruptFlag() {
    struct sigaction action = {};
    action.sa_handler = [](int) { interrupted = true; };
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, &before_);
  }
  ~InterruptFlag() { sigaction(SIGINT, &before_, nullptr); }
  InterruptFlag(const InterruptFlag&) = delete;
  InterruptFlag& operator=(const InterruptFlag&) = delete;

 private:
  struct sigaction before_ = {};
};

// Messages of the user, from a terminal or from standard input.
class Messages {
 public:
  explicit Messages(bool terminal) : terminal_(terminal) {}

  // False at the end of the input.
  bool read(std::string& message) {
    using End = LineEditor::End;
    message.clear();
    bool quoted = false, more = false;
    std::string line;
    for (;;) {
      const End end = read_line(quoted || more ? "... " : ">>> ", line);
      if (end == End::input) return !message.empty();
      if (end == End::interrupted) {
        message.clear();
        quoted = more = false;
        continue;
      }
      if (!quoted && !more && line.starts_with(kQuotes)) {
        quoted = true;
        line.erase(0, kQuotes.size());
        if (line.empty()) continue;
      }
      const bool closes = quoted && line.ends_with(kQuotes);
      if (closes) line.resize(line.size() - kQuotes.size());
      more = !quoted && line.ends_with('\\');
      if (more) line.pop_back();
      message += line;
      if (closes && line.empty() && message.ends_with('\n')) message.pop_back();
      if (closes || (!quoted && !more)) return true;
      message += '\n';
    }
  }

 private:
  LineEditor::End read_line(const char* mark, std::string& line) {
    if (terminal_) return editor_.read(mark, line);
    return std::getline(std::cin, line) ? LineEditor::End::line : LineEditor::End::input;
  }

  bool terminal_;
  LineEditor editor_;
};

// A fault of one question ends a script, and not a person's conversation.
void answer(ChatSession& session, const std::string& message, bool terminal) {
  try {
    interrupted = false;
    session.answer(message);
  } catch (const InputError& e) {
    if (!terminal) throw;
    log_error("{} (not sent; /reset forgets the conversation)", e.what());
  }
}

int chat(const ChatOptions& options) {
  choose_device(options.device);
  ChatSession session(options, interrupted);
  const bool terminal = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  std::optional<InterruptFlag> flag;
  if (terminal) {
    flag.emplace();
    std::cerr << kHelp;
  }
  Messages messages(terminal);
  for (std::string message; messages.read(message);) {
    if (message == "/exit") break;
    if (message == "/reset") {
      session.reset();
    } else if (message == "/help") {
      std::cerr << kHelp;
    } else if (message.find_first_not_of(" \t\n") != std::string::npos) {
      answer(session, message, terminal);
    }
  }
  return 0;
}

}  // namespace

void add_chat_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ChatOptions>();
  options->sampling.temperature = 0.6;  // what R1's authors recommend
  options->sampling.top_p = 0.95;
  CLI::App* command = app.add_subcommand("chat", "A conversation with a model");
  command
      ->add_option("model", options->model,
                   "Hugging Face folder, GGUF file, checkpoint, stage or run")
      ->required();
  command->add_option("--system", options->system, "The system's message");
  command->add_option("--set", options->settings,
                      "name=value ... for the template (enable_thinking=false)");
  add_date_option(*command, options->date);
  add_sampling_options(*command, *options, kLongestAnswer);
  command
      ->add_option("--cache-mb", options->engine.cache_mb,
                   "Memory for the conversation's keys and values at most, in MiB")
      ->check(at_least_one);
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return chat(*options); };
  });
}

}  // namespace cohort
