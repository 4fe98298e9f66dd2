#include "rewards/code/problem_tests.h"

#include <algorithm>

#include "core/base/error.h"
#include "rewards/code/humaneval.h"
#include "rewards/code/json_value.h"
#include "rewards/code/python_literal.h"

namespace cohort::judge {

namespace {

using Kind = Value::Kind;

const Value& need(const Value& dict, std::string_view key) {
  const Value* value = find_key(dict, key);
  if (!value) throw_error<InputError>("{} is missing", key);
  return *value;
}

const std::string& need_text(const Value& dict, std::string_view key) {
  const Value& value = need(dict, key);
  if (value.kind != Kind::text) throw_error<InputError>("{} is not text", key);
  return value.text;
}

// Text, or its lines.
std::string lines_of(const Value& value, std::string_view key) {
  if (value.kind == Kind::text) return value.text;
  if (value.kind != Kind::list) throw_error<InputError>("{} is neither text nor lines", key);
  std::string text;
  for (const Value& line : value.items) {
    if (line.kind != Kind::text) throw_error<InputError>("{} has a line that is not text", key);
    text += line.text;
    text += '\n';
  }
  return text;
}

std::string literal_of_arguments(Value arguments) {
  if (arguments.kind != Kind::list && arguments.kind != Kind::tuple)
    throw_error<InputError>("args is no list of arguments");
  arguments.kind = Kind::tuple;
  return to_literal(arguments);
}

Value read_literal(const std::string& text, std::string_view key) {
  std::optional<Value> value = parse_literal(text);
  if (!value) throw_error<InputError>("{} is not a Python literal", key);
  return std::move(*value);
}

Expected json_expected(Value value) {
  return {.value = std::move(value), .rules = {.tuples_are_lists = true}};
}

// One JSON value a line.
Value read_json_lines(std::string_view text) {
  Value values{.kind = Kind::list};
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") != std::string_view::npos)
      values.items.push_back(parse_json(line));
  }
  return values;
}

CallTest json_text_test(const std::string& input, const std::string& output) {
  return {literal_of_arguments(read_json_lines(input)), json_expected(parse_json(output))};
}

bool has_bytes(const Value& value) {
  return value.kind == Kind::bytes || std::ranges::any_of(value.items, has_bytes);
}

CallTest read_call_test(const Value& test) {
  if (find_key(test, "input"))
    return json_text_test(need_text(test, "input"), need_text(test, "output"));
  const Value& arguments = need(test, "args");
  const Value& expected = need(test, "expected");
  if (arguments.kind != Kind::text)
    return {literal_of_arguments(arguments), json_expected(expected)};
  CallTest call;
  call.arguments = literal_of_arguments(read_literal(arguments.text, "args"));
  if (expected.kind == Kind::text) {
    call.expected.value = read_literal(expected.text, "expected");
    if (has_bytes(call.expected.value))
      throw_error<InputError>("expected has bytes, which no function can return here");
  } else {
    call.expected = json_expected(expected);
  }
  return call;
}

// "tests[3]: args is missing"
template <class F>
void for_each_item(const Value& list, std::string_view name, const F& read) {
  if (list.kind != Kind::list) throw_error<InputError>("{} is not a list", name);
  for (size_t i = 0; i < list.items.size(); ++i) {
    try {
      read(i);
    } catch (const InputError& error) {
      throw_error<InputError>("{}[{}]: {}", name, i, error.what());
    }
  }
}

// APPS writes what a function returns as [value], but not everywhere. It is taken so where every
// output is a list of one; a single test does not tell.
bool outputs_are_wrapped(const Value& root, const Value& outputs) {
  if (const Value* said = find_key(root, "outputs_wrapped")) {
    if (said->kind != Kind::boolean)
      throw_error<InputError>("outputs_wrapped is not true or false");
    return said->truth;
  }
  const bool lists_of_one = std::ranges::all_of(outputs.items, [](const Value& output) {
    return output.kind == Kind::list && output.items.size() == 1;
  });
  if (lists_of_one && outputs.items.size() == 1)
    throw_error<InputError>(
        "the one output is a list of one value: outputs_wrapped must say whether the value or the "
        "list is returned");
  return lists_of_one;
}

CallTest read_io_call(const Value& input, const Value& output, bool wrapped) {
  if (input.kind == Kind::text) {
    if (output.kind != Kind::text) throw_error<InputError>("the output is not text with JSON");
    return json_text_test(input.text, output.text);
  }
  if (wrapped && (output.kind != Kind::list || output.items.size() != 1))
    throw_error<InputError>("the output is not a list of one value");
  return {literal_of_arguments(input), json_expected(wrapped ? output.items[0] : output)};
}

}  // namespace

void read_tests(const Value& tests, CodeProblem& problem) {
  for_each_item(tests, "tests", [&](size_t i) {
    const Value& test = tests.items[i];
    if (test.kind != Kind::dict) throw_error<InputError>("not an object");
    if (problem.entry_point.empty())
      problem.stdio_tests.push_back(
          {lines_of(need(test, "input"), "input"), lines_of(need(test, "output"), "output")});
    else
      problem.call_tests.push_back(read_call_test(test));
  });
}

void read_inputs_outputs(const Value& root, CodeProblem& problem) {
  const Value& inputs = need(root, "inputs");
  const Value& outputs = need(root, "outputs");
  if (inputs.kind != Kind::list || outputs.kind != Kind::list)
    throw_error<InputError>("inputs and outputs are not both lists");
  if (inputs.items.size() != outputs.items.size())
    throw_error<InputError>("{} inputs and {} outputs", inputs.items.size(), outputs.items.size());
  const bool call = !problem.entry_point.empty();
  const bool json_text =
      std::ranges::all_of(inputs.items, [](const Value& v) { return v.kind == Kind::text; });
  const bool wrapped = call && !json_text && outputs_are_wrapped(root, outputs);
  for_each_item(inputs, "inputs", [&](size_t i) {
    const Value& input = inputs.items[i];
    const Value& output = outputs.items[i];
    if (call)
      problem.call_tests.push_back(read_io_call(input, output, wrapped));
    else
      problem.stdio_tests.push_back({lines_of(input, "input"), lines_of(output, "output")});
  });
}

void read_humaneval(const Value& root, CodeProblem& problem) {
  const std::string& test = need_text(root, "test");
  const std::string& prompt = need_text(root, "prompt");
  need_text(root, "entry_point");
  problem.prefix = prompt;
  if (find_key(root, "canonical_solution"))
    problem.reference = need_text(root, "canonical_solution");
  ConvertedAsserts converted = convert_asserts(test, problem.entry_point);
  if (converted.plain()) {
    problem.call_tests = std::move(converted.tests);
    return;
  }
  problem.weak_asserts =
      WeakAsserts{.test_source = test, .not_plain = std::move(converted.not_plain)};
}

}  // namespace cohort::judge
