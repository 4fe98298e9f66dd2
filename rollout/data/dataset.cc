#include "rollout/data/dataset.h"

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/io/jsonl.h"
#include "model/chat_template/chat_template.h"
#include "model/chat_template/template_time.h"
#include "rollout/data/gsm8k_calculator.h"
#include "rollout/data/prompt_template.h"

namespace cohort {

namespace {

using nlohmann::json;

std::string text_of(const json& row, const std::string& key, const std::string& source) {
  const auto value = row.find(key);
  if (value == row.end()) throw_error<InputError>("{}: no key \"{}\"", source, key);
  std::string text;
  if (value->is_string())
    text = value->get<std::string>();
  else if (value->is_number() || value->is_boolean())
    text = value->dump();
  else
    throw_error<InputError>("{}: \"{}\" is {}, expected text or a number", source, key,
                            value->type_name());
  // A NUL would end the text in the rollout file.
  if (text.find('\0') != std::string::npos)
    throw_error<InputError>("{}: \"{}\" contains a NUL character", source, key);
  return text;
}

// A gold answer may be a problem with its tests: an object or a list is handed on as JSON, as is
// the whole row for the key "*". Empty when the row has none.
std::string gold_of(const json& row, const std::string& key, const std::string& source) {
  if (key == "*") return row.dump();
  const auto value = row.find(key);
  if (value == row.end()) return "";
  return value->is_structured() ? value->dump() : text_of(row, key, source);
}

std::string gold_after(const std::string& text, const std::string& mark,
                       const std::string& source) {
  const size_t at = text.rfind(mark);
  if (at == std::string::npos)
    throw_error<InputError>("{}: the answer has no \"{}\" (answer_after)", source, mark);
  std::string gold;
  for (const char c : text.substr(at + mark.size()))
    if (c != ',') gold += c;
  const size_t first = gold.find_first_not_of(" \t\r\n");
  if (first == std::string::npos)
    throw_error<InputError>("{}: nothing follows \"{}\" in the answer", source, mark);
  return gold.substr(first, gold.find_last_not_of(" \t\r\n") - first + 1);
}

// What stands before the last mark, without the blanks at its end.
std::string working_before(const std::string& text, const std::string& mark,
                           const std::string& source) {
  const size_t at = text.rfind(mark);
  if (at == std::string::npos)
    throw_error<InputError>("{}: the response has no \"{}\" (answer_after)", source, mark);
  std::string working = text.substr(0, at);
  working.erase(working.find_last_not_of(" \t\r\n") + 1);
  return working;
}

// `{prompt}` is the row's prompt whatever its key is called.
std::vector<Row> read_rows(const DataConfig& config, const PromptTemplate& format) {
  const PromptTemplate response_format(config.response_template);
  std::vector<Row> rows;
  const auto read_row = [&](const json& object, const std::string& source) {
    Row row;
    row.source = source;
    const std::string prompt = text_of(object, config.prompt_key, source);
    row.prompt = format.render([&](const std::string& key) {
      return key == "prompt" ? prompt : text_of(object, key, source);
    });
    row.answer = gold_of(object, config.answer_key, source);
    if (!config.answer_after.empty())
      row.answer = gold_after(row.answer, config.answer_after, source);
    if (object.contains(config.response_key)) {
      const std::string response = text_of(object, config.response_key, source);
      row.response = response_format.render([&](const std::string& key) {
        if (key == "response") return response;
        if (key == "working") return working_before(response, config.answer_after, source);
        return key == "answer" ? row.answer : text_of(object, key, source);
      });
    }
    rows.push_back(std::move(row));
  };
  for (const std::string& file : config.files)
    read_jsonl(file, [&](const json& object, int64_t line) {
      if (config.num_rows == 0 || static_cast<int64_t>(rows.size()) < config.num_rows)
        read_row(object, fmt::format("{}:{}", file, line));
    });
  return rows;
}

std::vector<Row> all_rows(const DataConfig& config) {
  const PromptTemplate format(config.prompt_template);
  if (!config.files.empty() && config.extract.empty()) return read_rows(config, format);
  if (config.files.empty() && config.task.empty())
    throw_error<ConfigError>("data: neither `files` nor `task` is given");
  std::vector<Row> rows =
      config.files.empty() ? make_task_rows(config) : gsm8k_calculator_rows(config);
  for (Row& row : rows)
    row.prompt = format.render([&](const std::string& key) -> std::string {
      if (key != "prompt")
        throw_error<InputError>("{}: made rows have no key \"{}\"", row.source, key);
      return row.prompt;
    });
  return rows;
}

// Prompts as the model's own chat template puts them.
void apply_template(const DataConfig& config, const Tokenizer& tokenizer, std::vector<Row>& rows) {
  const auto chat = ChatTemplate::of_files(tokenizer.files(), "the model's tokenizer");
  for (Row& row : rows) {
    Conversation conversation;
    if (!config.system_prompt.empty())
      conversation.messages.push_back({{"role", "system"}, {"content", config.system_prompt}});
    conversation.messages.push_back({{"role", "user"}, {"content", row.prompt}});
    conversation.add_generation_prompt = true;
    conversation.now = midnight_of(config.template_date);
    row.prompt = chat.render(conversation);
  }
}

}  // namespace

std::shared_ptr<const Dataset> Dataset::load(const DataConfig& config, const Tokenizer& tokenizer) {
  auto data = std::make_shared<Dataset>();
  std::vector<Row> rows = all_rows(config);
  if (config.apply_chat_template) apply_template(config, tokenizer, rows);
  for (Row& row : rows) {
    try {
      row.prompt_tokens = tokenizer.encode(row.prompt);
    } catch (const InputError& e) {
      throw_error<InputError>("{}: {}", row.source, e.what());
    }
    const auto length = static_cast<int64_t>(row.prompt_tokens.size());
    if (length == 0) throw_error<InputError>("{}: the prompt is empty", row.source);
    if (length > config.max_prompt_length) {
      if (!config.filter_overlong_prompts)
        throw_error<InputError>("{}: the prompt has {} tokens, max_prompt_length is {}", row.source,
                                length, config.max_prompt_length);
      ++data->num_overlong_;
      continue;
    }
    data->rows_.push_back(std::move(row));
  }
  const std::string name = config.files.empty() ? "task " + config.task : config.files[0];
  if (data->num_overlong_ > 0)
    log_warning("{}: {} prompts over {} tokens dropped, {} kept", name, data->num_overlong_,
                config.max_prompt_length, data->size());
  if (data->rows_.empty()) throw_error<InputError>("{}: no rows", name);
  return data;
}

}  // namespace cohort
