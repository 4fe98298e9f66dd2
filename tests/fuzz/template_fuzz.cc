// A chat template of any bytes, up to the first zero byte, over a conversation: of any bytes behind
// it, or of every kind of value. Refused, or rendered to valid UTF-8, within its limits; and twice
// alike.
#include <algorithm>

#include "core/base/error.h"
#include "model/chat_template/chat_template.h"
#include "model/chat_template/code_points.h"
#include "model/chat_template/interpreter.h"
#include "model/chat_template/json_values.h"
#include "model/chat_template/lexer.h"
#include "model/chat_template/parser.h"
#include "model/chat_template/scopes.h"
#include "tests/fuzz/checks.h"

namespace {

using namespace cohort;

constexpr const char* kUsual = R"({"messages": [
  {"role": "system", "content": " Be brief. "}, {"role": "user", "content": "na\u00efve \ud83d\ude42\n<x>"},
  {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {"a": [1, 2.5, true]}}}]},
  {"role": "tool", "content": [{"type": "text", "text": "3"}]}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nb"}],
  "tools": [{"function": {"name": "f", "parameters": {"properties": {"a": {"type": "number"}}, "required": ["a"]}}}],
  "add_generation_prompt": true, "kwargs": {"enable_thinking": false, "i": -3, "e": "", "bos_token": "<s>"}})";

// Small enough for the clock of the fuzzer, whose sanitizers are slow.
chat::Limits limits() {
  return {.steps = 20'000, .bytes = 1 << 20, .output = 1 << 18, .depth = 40, .nesting = 300};
}

std::string rendered(const chat::Program& program, const Conversation& conversation) {
  chat::Heap heap(limits());
  auto variables = std::make_shared<chat::Dict>();
  const auto set = [&](const std::string& name, const nlohmann::ordered_json& value) {
    variables->set(heap, heap.text(name), chat::from_json(heap, value));
  };
  try {
    set("messages", conversation.messages);
    set("tools", conversation.tools);
    set("add_generation_prompt", conversation.add_generation_prompt);
    for (const auto& [name, value] : conversation.kwargs.items()) set(name, value);
    chat::Interpreter interpreter(program, heap, variables, std::tm{});
    const std::string out = interpreter.run();
    must(chat::is_valid_utf8(out), "rendered to what is not UTF-8");
    must(static_cast<int64_t>(out.size()) <= limits().output, "more text than its limit");
    return out;
  } catch (const chat::Fault& fault) {
    return std::string("fault: ") + fault.what();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), size);
  const std::string_view json = input.substr(std::min(end + 1, size));
  const InTime in_time;
  try {
    const std::string file = "fuzz";
    chat::Program program = chat::Parser(chat::tokenize(input.substr(0, end), file), file).parse();
    chat::resolve_scopes(program, file);
    const Conversation conversation =
        parse_conversation(json.empty() ? std::string_view(kUsual) : json, file);
    const std::string once = rendered(program, conversation);
    must(rendered(program, conversation) == once, "two renderings differ");
    prompt_opens_think(once);
  } catch (const InputError&) {
  }
  return 0;
}
