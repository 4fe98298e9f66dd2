// cohort inspect RUN [--stage S] [--step N]: a run's stages, or the groups of one step with rewards
// and reasons.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/io/jsonl.h"
#include "launch/commands/commands.h"
#include "rewards/reward.h"
#include "rollout/recorder.h"
#include "trainer/model_source.h"
#include "trainer/run_config.h"

namespace cohort {
namespace {

struct InspectOptions {
  std::string run, stage;
  int64_t step = 0;  // 0: the newest
  int64_t groups = 4;
};

constexpr const char* kRolloutPrefix = "step_";

bool is_rollout_file(const std::string& name) {
  return name.starts_with(kRolloutPrefix) && name.ends_with(".h5");
}

// The last grpo stage of the pipeline that has rollout files, else the last stage that has; empty
// when none has.
std::string last_stage_with_rollouts(const std::string& run) {
  std::string last, last_grpo;
  for (const StageConfig& stage : read_run_config(run + "/config.yaml", {}).pipeline) {
    const std::string folder = run + "/" + stage.name() + "/rollouts";
    if (!path_exists(folder) || std::ranges::none_of(list_folder(folder), is_rollout_file))
      continue;
    last = stage.name();
    if (stage.tag == "grpo") last_grpo = stage.name();
  }
  return last_grpo.empty() ? last : last_grpo;
}

std::string rollout_file(const InspectOptions& options) {
  const std::string folder = options.run + "/" + options.stage + "/rollouts";
  std::string newest;
  for (const std::string& name : list_folder(folder)) {
    if (!is_rollout_file(name)) continue;
    if (options.step == 0 || name == fmt::format("{}{:06d}.h5", kRolloutPrefix, options.step))
      newest = name;
  }
  if (newest.empty())
    throw_error<InputError>("{}: no rollout file{}", folder,
                            options.step ? fmt::format(" of step {}", options.step) : "");
  return folder + "/" + newest;
}

void print_metrics(const InspectOptions& options) {
  const std::string path = options.run + "/metrics.jsonl";
  if (!path_exists(path))
    throw_error<InputError>("{}: not a run: it has no metrics.jsonl", options.run);
  std::map<std::string, nlohmann::json> last;
  std::vector<std::string> order;
  read_jsonl(path, [&](const nlohmann::json& row, int64_t) {
    const auto stage = row.at("stage").get<std::string>();
    if (!last.contains(stage)) order.push_back(stage);
    last[stage] = row;
  });
  for (const std::string& stage : order) {
    const nlohmann::json& row = last[stage];
    std::cout << fmt::format("{:<14} step {:<6}", stage, row.at("step").get<int64_t>());
    for (const char* key : {"loss/nll", "loss/policy", "reward/mean", "accuracy", "val/accuracy",
                            "pass_at_1", "greedy/pass_at_1", "response_length/mean", "kept"})
      if (row.contains(key) && row[key].is_number())
        std::cout << fmt::format("  {} {:.4f}", key, row[key].get<double>());
    std::cout << '\n';
  }
}

void print_group(const Group& group, const RolloutInfo& info, const Tokenizer& tokenizer) {
  std::cout << fmt::format("#{} {} gold {}\n", group.prompt.ordinal,
                           tokenizer.decode(group.prompt.tokens), group.prompt.answer);
  for (size_t i = 0; i < group.completions.size(); ++i) {
    const Completion& completion = group.completions[i];
    std::string scores, advantage;
    if (i < group.scores.size())
      for (size_t c = 0; c < group.scores[i].components.size(); ++c) {
        const Score::Component& component = group.scores[i].components[c];
        scores += fmt::format(" {} {:.2f} {} ({})", info.rewards[c], component.value,
                              verdict_name(static_cast<Verdict>(component.verdict)),
                              reason_text({.reason = static_cast<Reason>(component.reason),
                                           .test_case = component.test_case}));
      }
    if (i < group.advantages.size())
      advantage = fmt::format(" advantage {:+.3f}", group.advantages[i]);
    std::cout << fmt::format("  {}{}\n   {}{}\n", tokenizer.decode(completion.tokens),
                             completion.finish == Finish::length ? " [cut]" : "", scores,
                             advantage);
  }
}

int inspect(InspectOptions options) {
  if (options.stage.empty() && options.step == 0) print_metrics(options);
  if (options.stage.empty()) {
    options.stage = last_stage_with_rollouts(options.run);
    if (options.stage.empty()) return 0;
  }
  const std::string path = rollout_file(options);
  const RolloutFile file = read_groups(path);
  // A stage that only samples has no checkpoint of its own; all stages share the vocabulary.
  const std::string stage = options.run + "/" + options.stage;
  const auto tokenizer = load_tokenizer(path_exists(stage + "/checkpoints") ? stage : options.run);
  std::cout << fmt::format("{}: {} groups, temperature {}\n", path, file.groups.size(),
                           file.info.temperature);
  const auto shown = std::min<size_t>(file.groups.size(), static_cast<size_t>(options.groups));
  for (size_t g = 0; g < shown; ++g) print_group(file.groups[g], file.info, *tokenizer);
  return 0;
}

}  // namespace

void add_inspect_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command = app.add_subcommand("inspect", "A run's groups, rewards and reasons");
  command->add_option("run", options->run, "Run folder")->required();
  command->add_option("--stage", options->stage,
                      "Stage; when absent the last grpo stage, else the last with rollouts");
  command->add_option("--step", options->step, "Step; the newest when absent")->check(at_least_one);
  command->add_option("--groups", options->groups, "Groups to print")->check(not_negative);
  command->callback([&context, options] {
    context.action = [options](Communicator&) { return inspect(*options); };
  });
}

}  // namespace cohort
