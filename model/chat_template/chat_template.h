// Chat templates: the Jinja that Hugging Face models bring, rendered byte for byte as transformers
// does with PyPI jinja2 (ImmutableSandboxedEnvironment, trim_blocks, lstrip_blocks, loop controls,
// its own tojson, {% generation %}). docs/formats.md lists what is supported and the limits; what
// is not is an InputError that names it, its file and its line.
#pragma once

#include <ctime>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace cohort {

struct Conversation {
  nlohmann::ordered_json messages = nlohmann::ordered_json::array();  // of objects
  nlohmann::ordered_json tools;  // an array of objects, or null
  bool add_generation_prompt = false;
  // Further variables (enable_thinking, documents ...), an object. None may have the name of one of
  // the above or of a special token.
  nlohmann::ordered_json kwargs = nlohmann::ordered_json::object();
  // For strftime_now; a template that calls it without is refused. Local time.
  std::optional<std::tm> now;
};

class ChatTemplate {
 public:
  // special_tokens: bos_token and so on, an object of strings. file: for messages. Throws
  // InputError.
  static ChatTemplate parse(
      std::string_view text, const std::string& file,
      nlohmann::ordered_json special_tokens = nlohmann::ordered_json::object());
  // From the files of a tokenizer by name: chat_template.jinja, else the chat_template of
  // tokenizer_config.json: one, or several with names, of which "tool_use" is for conversations
  // with tools and "default" for the others; the special tokens are the latter's. where: for
  // messages. Throws InputError when there is none.
  static ChatTemplate of_files(const std::map<std::string, std::string>& files,
                               const std::string& where);
  // From those of a folder.
  static ChatTemplate load(const std::string& folder);

  // Throws InputError: what the template raises (raise_exception's own words), what is not
  // supported, more work or output than the limits allow. Const, and safe on many threads.
  std::string render(const Conversation& conversation) const;

 private:
  struct Parsed;
  std::shared_ptr<const Parsed> parsed_;            // null: there is only one for tools
  std::shared_ptr<const Parsed> parsed_for_tools_;  // null: there is none of its own
};

// One conversation as JSON: {"messages", "tools"?, "add_generation_prompt"?, "kwargs"?}; other
// keys are not read. Key order is kept; an integer of more than 64 bits is refused rather than
// rounded. where: for messages. Throws InputError.
Conversation parse_conversation(std::string_view json, const std::string& where);

// Whether a rendered prompt ends inside <think>: the last one is not closed, and only space follows
// it. What the model then samples begins in the middle of its thoughts.
bool prompt_opens_think(std::string_view rendered);

}  // namespace cohort
