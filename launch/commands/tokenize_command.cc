// cohort tokenize MODEL [--json]: text on standard input to ids, a line each. With --json a line is
// a JSON string, and
// {"ids", "text"} comes out, text decoded again.
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "launch/commands/commands.h"
#include "trainer/model_source.h"

namespace cohort {
namespace {

int tokenize(const std::string& model, bool json) {
  const auto tokenizer = load_tokenizer(model);
  std::string line;
  for (int64_t number = 1; std::getline(std::cin, line); ++number) {
    if (!json) {
      std::cout << fmt::format("{}\n", fmt::join(tokenizer->encode(line), " "));
      continue;
    }
    const auto parsed = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!parsed.is_string()) throw_error<InputError>("line {}: expected a JSON string", number);
    const std::vector<int32_t> ids = tokenizer->encode(parsed.get<std::string>());
    const nlohmann::json out = {{"ids", ids}, {"text", tokenizer->decode(ids)}};
    std::cout << out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  }
  return 0;
}

}  // namespace

void add_tokenize_command(CLI::App& app, CommandContext& context) {
  auto model = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("tokenize", "Ids of the text on standard input");
  command->add_option("model", *model, "Hugging Face folder, checkpoint, stage or run")->required();
  command->add_flag("--json", *json, "JSON strings in, JSON objects out");
  command->callback([&context, model, json] {
    context.action = [model, json](Communicator&) { return tokenize(*model, *json); };
  });
}

}  // namespace cohort
