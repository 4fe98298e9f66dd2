// cohort grade KIND [FILE|-]: JSON lines in, a verdict with its reason out for each answer, in
// order, one JSON object a line; a summary by reason on stderr.
//
// A row has "answer" (or "completion"), a text or the list of a group's texts, and, as the kind
// needs them, "gold", "prompt", "tokens", "truncated" and "correct" (what the accuracy component
// would say, for length rewards): of a group lists, too.
#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/io/jsonl.h"
#include "launch/code_sandbox.h"
#include "launch/commands/commands.h"
#include "launch/commands/grade_explain.h"
#include "rewards/reward.h"

namespace cohort {
namespace {

using Json = nlohmann::json;

constexpr const char* kCode = "code";

struct GradeOptions {
  std::string kind;
  std::string file = "-";
  std::vector<std::string> settings;
  bool json = false;  // the form there is
  bool explain = false;
};

// A row's texts and numbers, owned; entry i belongs to answer i.
class Row {
 public:
  Row(const Json& json, const std::string& place) : json_(json), place_(place) {
    if (!json.is_object()) throw_error<InputError>("{}: not a JSON object", place);
    const char* key = json.contains("answer") ? "answer" : "completion";
    if (!json.contains(key)) throw_error<InputError>("{}: no \"answer\"", place);
    const Json& answers = json[key];
    is_group_ = answers.is_array();
    if (is_group_)
      for (const Json& answer : answers) answers_.push_back(text(answer));
    else
      answers_.push_back(text(answers));
    if (json.contains("gold")) gold_ = text(json["gold"]);
    if (json.contains("prompt")) prompt_ = text(json["prompt"]);
    for (size_t i = 0; i < answers_.size(); ++i) {
      inputs_.push_back({.prompt = prompt_,
                         .completion = answers_[i],
                         .answer = gold_,
                         .truncated = entry<bool>("truncated", i).value_or(false),
                         .tokens = entry<int64_t>("tokens", i).value_or(0)});
      if (const auto correct = entry<bool>("correct", i))
        accuracy_.push_back({.value = *correct ? 1.0 : 0.0,
                             .verdict = *correct ? Verdict::correct : Verdict::incorrect});
    }
    if (!accuracy_.empty() && accuracy_.size() != answers_.size())
      throw_error<InputError>("{}: \"correct\" must say it of every answer", place);
  }

  bool is_group() const { return is_group_; }
  RewardGroup group() const { return {.completions = inputs_, .accuracy = accuracy_}; }

 private:
  static std::string text(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
  }

  template <class T>
  std::optional<T> entry(const char* key, size_t i) const {
    if (!json_.contains(key)) return std::nullopt;
    const Json& value = json_[key];
    const bool listed = value.is_array();
    if (listed && i >= value.size())
      throw_error<InputError>("{}: \"{}\" is shorter than \"answer\"", place_, key);
    const Json& item = listed ? value[i] : value;
    const bool fits = std::is_same_v<T, bool> ? item.is_boolean() : item.is_number_integer();
    if (!fits) throw_error<InputError>("{}: \"{}\" is {}", place_, key, item.dump());
    return item.get<T>();
  }

  const Json& json_;
  std::string place_, gold_, prompt_;
  bool is_group_ = false;
  std::vector<std::string> answers_;
  std::vector<RewardInput> inputs_;
  std::vector<RewardResult> accuracy_;
};

struct Summary {
  int64_t answers = 0;
  std::map<std::string, std::map<std::string, int64_t>> reasons;  // by verdict

  void print() const {
    log_info("{} answers", answers);
    for (const auto& [verdict, counts] : reasons)
      for (const auto& [reason, count] : counts)
        log_info("  {:<14} {:<26} {:>8}  {:5.1f} %", verdict, reason, count,
                 100.0 * static_cast<double>(count) / static_cast<double>(answers));
  }
};

RewardConfig read_settings(const GradeOptions& options) {
  RewardConfig config{.name = options.kind, .kind = options.kind};
  default_settings(options.kind);  // an unknown kind is named before its keys
  read_config_text("{}", "--set", options.settings, [&](Fields& f) { config.describe(f); });
  return config;
}

int grade(const GradeOptions& options) {
  const std::unique_ptr<Reward> reward = read_settings(options).settings->make();
  if (options.kind == kCode) require_code_sandbox();
  if (options.explain && options.kind != "math")
    throw_error<ConfigError>("--explain is for kind math, not {}", options.kind);
  Summary summary;
  const bool from_stdin = options.file == "-";
  const std::string name = from_stdin ? "stdin" : options.file;
  read_jsonl(from_stdin ? "/dev/stdin" : options.file, [&](const Json& json, int64_t line) {
    const Row row(json, fmt::format("{}:{}", name, line));
    const RewardGroup group = row.group();
    std::vector<RewardResult> results(group.completions.size());
    reward->score_group(group, results);
    for (size_t i = 0; i < results.size(); ++i) {
      const RewardResult& result = results[i];
      Json out = {{"id", json.contains("id") ? json["id"] : Json(line)},
                  {"verdict", verdict_name(result.verdict)},
                  {"value", result.value},
                  {"reason", reason_text(result)},
                  {"extracted", result.extracted}};
      if (row.is_group()) out["index"] = i;
      if (options.explain) explain_math(group.completions[i], out);
      std::cout << out.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
      ++summary.answers;
      ++summary.reasons[verdict_name(result.verdict)][reason_text(result)];
    }
  });
  std::cout.flush();
  summary.print();
  return 0;
}

}  // namespace

void add_grade_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<GradeOptions>();
  CLI::App* command =
      app.add_subcommand("grade", "Verdicts with reasons for JSON lines of answers");
  command
      ->add_option("kind", options->kind,
                   fmt::format("A kind of reward: {}", fmt::join(reward_kinds(), ", ")))
      ->required();
  command->add_option("file", options->file, "JSONL file (.gz too), or - for standard input");
  command->add_option("--set", options->settings, "key=value ... of the kind, as in YAML");
  command->add_flag("--explain", options->explain,
                    "Say what was compared: both trees, their canonical forms, the tier");
  command->add_flag("--json", options->json, "One JSON object a line: always so");
  command->callback([&context, options] {
    if (options->kind == kCode) start_code_sandbox(1);
    context.action = [options](Communicator&) { return grade(*options); };
  });
}

}  // namespace cohort
