#include "model/chat_template/chat_template.h"

#include <algorithm>

#include "core/base/error.h"
#include "model/chat_template/code_points.h"
#include "model/chat_template/interpreter.h"
#include "model/chat_template/json_values.h"
#include "model/chat_template/lexer.h"
#include "model/chat_template/parser.h"
#include "model/chat_template/scopes.h"

namespace cohort {
namespace {

using Json = nlohmann::ordered_json;

// transformers gives reasoning to a template under its usual names, whichever one a message has.
Json with_reasoning_names(const Json& message) {
  for (const char* name : {"reasoning_content", "thinking", "reasoning"}) {
    const auto found = message.find(name);
    if (found == message.end() || found->is_null()) continue;
    Json out = Json::object();
    out["thinking"] = *found;
    for (const auto& [key, value] : message.items()) out[key] = value;
    out["reasoning_content"] = *found;
    return out;
  }
  return message;
}

void check(const Conversation& conversation, const std::string& file) {
  if (!conversation.messages.is_array())
    throw_error<InputError>("{}: messages are not an array", file);
  for (const Json& message : conversation.messages)
    if (!message.is_object()) throw_error<InputError>("{}: a message is not an object", file);
  if (!conversation.tools.is_null() && !conversation.tools.is_array())
    throw_error<InputError>("{}: tools are not an array", file);
  for (const Json& tool : conversation.tools)
    if (!tool.is_object()) throw_error<InputError>("{}: a tool is not an object", file);
  if (!conversation.kwargs.is_object())
    throw_error<InputError>("{}: kwargs are not an object", file);
  for (const char* name :
       {"messages", "tools", "add_generation_prompt", "conversations", "chat_template",
        "return_assistant_tokens_mask", "continue_final_message"})
    if (conversation.kwargs.contains(name))
      throw_error<InputError>("{}: kwargs may not have '{}'", file, name);
  if (const auto found = conversation.kwargs.find("documents");
      found != conversation.kwargs.end() && !found->is_null()) {
    if (!found->is_array()) throw_error<InputError>("{}: documents are not an array", file);
    for (const Json& document : *found)
      if (!document.is_object()) throw_error<InputError>("{}: a document is not an object", file);
  }
}

// What a template raises is its own text.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

}  // namespace

struct ChatTemplate::Parsed {
  std::string file;
  chat::Program program;
  Json special_tokens;
};

ChatTemplate ChatTemplate::parse(std::string_view text, const std::string& file,
                                 Json special_tokens) {
  auto parsed = std::make_shared<Parsed>();
  parsed->file = file;
  parsed->program = chat::Parser(chat::tokenize(text, file), file).parse();
  chat::resolve_scopes(parsed->program, file);
  parsed->special_tokens = std::move(special_tokens);
  ChatTemplate out;
  out.parsed_ = std::move(parsed);
  return out;
}

std::string ChatTemplate::render(const Conversation& conversation) const {
  const bool tools = !conversation.tools.is_null();
  const Parsed* parsed = tools && parsed_for_tools_ ? parsed_for_tools_.get() : parsed_.get();
  if (!parsed)
    throw_error<InputError>("{}: for a conversation without tools there is no chat template",
                            parsed_for_tools_->file);
  const std::string& file = parsed->file;
  check(conversation, file);
  chat::Heap heap(chat::Limits{});
  auto variables = std::make_shared<chat::Dict>();
  const auto set = [&](const std::string& name, const Json& value) {
    if (variables->find(name) && name != "documents")
      throw_error<InputError>("{}: two values for the variable '{}'", file, name);
    variables->set(heap, heap.text(name), chat::from_json(heap, value));
  };
  try {
    Json messages = Json::array();
    for (const Json& message : conversation.messages)
      messages.push_back(with_reasoning_names(message));
    set("messages", messages);
    set("tools", conversation.tools);
    set("documents", nullptr);
    set("add_generation_prompt", conversation.add_generation_prompt);
    for (const auto& [name, value] : parsed->special_tokens.items()) set(name, value);
    for (const auto& [name, value] : conversation.kwargs.items()) set(name, value);
  } catch (const chat::Fault& fault) {
    throw_error<InputError>("{}: the conversation: {}", file, fault.what());
  }
  chat::Interpreter interpreter(parsed->program, heap, variables, conversation.now);
  try {
    return interpreter.run();
  } catch (const chat::Fault& fault) {
    throw_error<InputError>("{}:{}: {}", file, interpreter.line(), one_line(fault.what()));
  }
}

bool prompt_opens_think(std::string_view rendered) {
  constexpr std::string_view kOpen = "<think>";
  const size_t open = rendered.rfind(kOpen);
  if (open == std::string_view::npos) return false;
  return chat::strip_space_left(rendered.substr(open + kOpen.size())).empty();
}

}  // namespace cohort
