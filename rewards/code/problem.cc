#include "rewards/code/problem.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "rewards/code/json_value.h"
#include "rewards/code/problem_tests.h"

namespace cohort::judge {

namespace {

using Kind = Value::Kind;

Job::Language read_language(const Value& value) {
  const std::string name = value.kind == Kind::text ? value.text : "";
  if (name == "python" || name == "python3" || name == "py") return Job::Language::python;
  if (name == "cpp" || name == "c++") return Job::Language::cpp;
  throw_error<InputError>("language is neither python nor cpp");
}

const std::string& read_text(const Value& value, std::string_view key) {
  if (value.kind != Kind::text) throw_error<InputError>("{} is not text", key);
  return value.text;
}

double read_positive(const Value& value, std::string_view key, double low, double high) {
  int64_t whole = 0;
  double number = -1;
  if (value.kind == Kind::real)
    number = value.real;
  else if (to_int64(value, whole))
    number = static_cast<double>(whole);
  if (!(number >= low && number <= high))
    throw_error<InputError>("{} is not a number from {} to {}", key, low, high);
  return number;
}

// A key that nobody reads would silently change how a program is judged.
void expect_keys(const Value& dict, std::string_view name,
                 std::initializer_list<std::string_view> known) {
  if (dict.kind != Kind::dict) throw_error<InputError>("{} is not an object", name);
  for (size_t i = 0; i < dict.items.size(); i += 2)
    if (std::find(known.begin(), known.end(), dict.items[i].text) == known.end())
      throw_error<InputError>("{}: key \"{}\" is unknown", name, dict.items[i].text);
}

Checker read_checker(const Value& value) {
  Checker checker;
  if (value.kind == Kind::text) {
    checker.source = value.text;
    return checker;
  }
  expect_keys(value, "checker", {"source", "language", "result"});
  if (const Value* source = find_key(value, "source"))
    checker.source = read_text(*source, "checker.source");
  if (checker.source.empty()) throw_error<InputError>("checker has no source");
  if (const Value* language = find_key(value, "language"))
    checker.language = read_language(*language);
  if (const Value* result = find_key(value, "result")) {
    const std::string& name = read_text(*result, "checker.result");
    if (name == "score")
      checker.result = Checker::Result::score;
    else if (name != "exit_code")
      throw_error<InputError>("checker.result is \"{}\", neither exit_code nor score", name);
  }
  return checker;
}

void read_tolerance(const Value& value, Tolerance& tolerance) {
  if (value.kind != Kind::dict) {
    tolerance.absolute = tolerance.relative = read_positive(value, "tolerance", 0, 1);
    return;
  }
  expect_keys(value, "tolerance", {"abs", "rel"});
  if (const Value* absolute = find_key(value, "abs"))
    tolerance.absolute = read_positive(*absolute, "tolerance.abs", 0, 1e300);
  if (const Value* relative = find_key(value, "rel"))
    tolerance.relative = read_positive(*relative, "tolerance.rel", 0, 1);
}

void read_compare(const Value& value, CodeProblem& problem) {
  expect_keys(value, "compare", {"mode", "tolerance", "checker"});
  if (const Value* checker = find_key(value, "checker")) problem.checker = read_checker(*checker);
  if (const Value* tolerance = find_key(value, "tolerance"))
    read_tolerance(*tolerance, problem.tolerance);
  const Value* mode = find_key(value, "mode");
  const std::string name = mode ? read_text(*mode, "compare.mode") : "lines";
  if (name == "tokens")
    problem.mode = OutputMode::tokens;
  else if (name == "checker" && !problem.checker)
    throw_error<InputError>("compare.mode is checker, and there is no compare.checker");
  else if (name != "lines" && name != "checker")
    throw_error<InputError>("compare.mode is \"{}\", none of lines, tokens, checker", name);
}

void read_limits(const Value& value, ProblemLimits& limits) {
  expect_keys(value, "limits", {"time_s", "memory_mb"});
  if (const Value* time = find_key(value, "time_s"))
    limits.time_s = read_positive(*time, "limits.time_s", 0.01, 600);
  if (const Value* memory = find_key(value, "memory_mb"))
    limits.memory_mb = std::lround(read_positive(*memory, "limits.memory_mb", 16, 65536));
}

void read_options(const Value& root, CodeProblem& problem) {
  if (const Value* language = find_key(root, "language"))
    problem.language = read_language(*language);
  if (const Value* prefix = find_key(root, "prefix")) problem.prefix = read_text(*prefix, "prefix");
  if (const Value* compare = find_key(root, "compare")) read_compare(*compare, problem);
  if (const Value* limits = find_key(root, "limits")) read_limits(*limits, problem.limits);
  for (const char* key : {"entry_point", "fn_name"})
    if (const Value* name = find_key(root, key); name && name->kind != Kind::none)
      problem.entry_point = read_text(*name, key);
  if (const Value* name = find_key(root, "fn_name"))
    problem.usual_imports = name->kind != Kind::none;
}

void check_problem(const CodeProblem& problem) {
  if (problem.stdio_tests.empty() && problem.call_tests.empty() && !problem.weak_asserts)
    throw_error<InputError>("there are no tests");
  if (problem.entry_point.empty()) return;
  if (problem.language == Job::Language::cpp)
    throw_error<InputError>("entry_point \"{}\": functions are called in Python only",
                            problem.entry_point);
  if (problem.checker)
    throw_error<InputError>("a checker reads output, not what a function returns");
}

}  // namespace

CodeProblem read_problem(std::string_view json) {
  const Value root = parse_json(json);
  if (root.kind != Kind::dict) throw_error<InputError>("the problem is not a JSON object");
  CodeProblem problem;
  read_options(root, problem);
  const Value* nested = find_key(root, "input_output");
  if (find_key(root, "test")) {
    read_humaneval(root, problem);
  } else if (const Value* tests = find_key(root, "tests")) {
    read_tests(*tests, problem);
  } else if (find_key(root, "inputs")) {
    read_inputs_outputs(root, problem);
  } else if (nested) {
    const Value inner = nested->kind == Kind::text ? parse_json(nested->text) : *nested;
    if (const Value* name = find_key(inner, "fn_name"); name && name->kind != Kind::none) {
      problem.entry_point = read_text(*name, "fn_name");
      problem.usual_imports = true;
    }
    read_inputs_outputs(inner, problem);
  } else {
    throw_error<InputError>("the problem has no tests, no test, and no inputs");
  }
  for (CallTest& test : problem.call_tests)
    if (problem.tolerance.any() && !test.expected.rules.tolerance.any())
      test.expected.rules.tolerance = problem.tolerance;
  check_problem(problem);
  return problem;
}

}  // namespace cohort::judge
