// cohort grade KIND [FILE|-] [--json]: JSON lines {"id", "gold", "answer"} in, verdicts with
// reasons out, in order.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/io/jsonl.h"
#include "launch/commands/commands.h"
#include "rewards/reward.h"

namespace cohort {
namespace {

struct GradeOptions {
  std::string kind;
  std::string file = "-";
  bool json = false;
};

std::string text_of(const nlohmann::json& row, const char* key, int64_t line) {
  const auto found = row.find(key);
  if (found == row.end()) {
    if (std::string_view(key) == "gold") return "";
    throw_error<InputError>("line {}: no \"{}\"", line, key);
  }
  return found->is_string() ? found->get<std::string>() : found->dump();
}

int grade(const GradeOptions& options) {
  const Rubric rubric({{.name = options.kind, .kind = options.kind}});
  read_jsonl(options.file == "-" ? "/dev/stdin" : options.file, [&](const nlohmann::json& row,
                                                                    int64_t line) {
    const std::string gold = text_of(row, "gold", line);
    const std::string answer = text_of(row, "answer", line);
    const RewardResult result =
        rubric.score({.completion = answer, .answer = gold}).components.front();
    const auto id = row.contains("id") ? row["id"] : nlohmann::json(line);
    if (options.json) {
      const nlohmann::json out = {{"id", id},
                                  {"verdict", verdict_name(result.verdict)},
                                  {"reason", reason_text(result)},
                                  {"value", result.value}};
      std::cout << out.dump() << '\n';
    } else {
      std::cout << fmt::format("{:<10} {:<14} {:<22} {}\n", id.dump(), verdict_name(result.verdict),
                               reason_text(result), result.value);
    }
  });
  return 0;
}

}  // namespace

void add_grade_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<GradeOptions>();
  CLI::App* command =
      app.add_subcommand("grade", "Verdicts with reasons for JSON lines of answers");
  command->add_option("kind", options->kind, "math or format")->required();
  command->add_option("file", options->file, "JSONL file, or - for standard input");
  command->add_flag("--json", options->json, "One JSON object a line");
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return grade(*options); };
  });
}

}  // namespace cohort
