// cohort tokenize MODEL [--json]: text on standard input to ids, a line each. With --json a line is
// a JSON string, and {"ids", "text"} comes out, text decoded again. cohort tokenize MODEL --chat
// [--json]: a line is a conversation (docs/formats.md). The prompt that the model's chat template
// makes of it comes out, or with --json {"text", "ids"}; what the template refuses is {"error"}
// there, and ends the program without.
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/error.h"
#include "launch/commands/commands.h"
#include "launch/commands/date_option.h"
#include "model/chat_template/chat_template.h"
#include "trainer/model_source.h"

namespace cohort {
namespace {

struct TokenizeOptions {
  std::string model, date;
  bool json = false, chat = false;
};

// ASCII: a character that some readers end a line at must not end this one.
std::string dump(const nlohmann::json& out) {
  return out.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
}

std::string tokenize_text(const Tokenizer& tokenizer, bool json, const std::string& line,
                          const std::string& where) {
  if (!json) return fmt::format("{}", fmt::join(tokenizer.encode(line), " "));
  const auto parsed = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_string()) throw_error<InputError>("{}: expected a JSON string", where);
  const std::vector<int32_t> ids = tokenizer.encode(parsed.get<std::string>());
  return dump({{"ids", ids}, {"text", tokenizer.decode(ids)}});
}

std::string tokenize_chat(const Tokenizer& tokenizer, const ChatTemplate& chat_template, bool json,
                          const std::string& date, const std::string& line,
                          const std::string& where) {
  try {
    Conversation conversation = parse_conversation(line, where);
    conversation.now = template_time(date);
    const std::string text = chat_template.render(conversation);
    return json ? dump({{"text", text}, {"ids", tokenizer.encode(text)}}) : text;
  } catch (const InputError& error) {
    if (!json) throw;
    return dump({{"error", error.what()}});
  }
}

int tokenize(const TokenizeOptions& options) {
  const auto tokenizer = load_tokenizer(options.model);
  std::optional<ChatTemplate> chat_template;
  if (options.chat) chat_template = ChatTemplate::of_files(tokenizer->files(), options.model);
  std::string line;
  for (int64_t number = 1; std::getline(std::cin, line); ++number) {
    const std::string where = fmt::format("line {}", number);
    std::cout << (chat_template ? tokenize_chat(*tokenizer, *chat_template, options.json,
                                                options.date, line, where)
                                : tokenize_text(*tokenizer, options.json, line, where))
              << '\n';
  }
  return 0;
}

}  // namespace

void add_tokenize_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command = app.add_subcommand("tokenize", "Ids of the text on standard input");
  command->add_option("model", options->model, "Hugging Face folder, checkpoint, stage or run")
      ->required();
  command->add_flag("--json", options->json, "JSON strings in, JSON objects out");
  auto* chat =
      command->add_flag("--chat", options->chat,
                        "A line is a conversation in JSON, rendered by the model's chat template");
  add_date_option(*command, options->date)->needs(chat);
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return tokenize(*options); };
  });
}

}  // namespace cohort
