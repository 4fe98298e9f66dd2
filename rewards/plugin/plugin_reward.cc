#include "rewards/plugin/plugin_reward.h"

#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "core/base/error.h"
#include "rewards/plugin/protocol.h"

namespace cohort {

namespace {

bool is_program(const std::string& path) {
  std::error_code error;
  return access(path.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(path, error);
}

// Whether a shell would find it.
bool is_command(const std::string& name) {
  if (name.find('/') != std::string::npos) return is_program(name);
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/bin:/usr/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (is_program((folder.empty() ? "." : folder) + "/" + name)) return true;
  return false;
}

std::vector<std::string> split_at_blanks(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string folder_of_this_program() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

std::string host_program(const PluginSettings& settings, const std::string& plugin) {
  const std::string program =
      settings.host.empty() ? folder_of_this_program() + "/cohort-plugin-host" : settings.host;
  if (!is_program(program))
    throw_error<ConfigError>("reward {}: its host program {} is not there", plugin, program);
  return program;
}

// Runs `argv` to its end; what it wrote to stderr last, when it does not end with 0.
void check_loads(const std::vector<std::string>& argv, const std::string& path, double timeout) {
  std::string said;
  ChildProcess check(argv, [&](std::string_view line) { said = line; });
  const auto limit = std::chrono::duration_cast<ChildProcess::Clock::duration>(
      std::chrono::duration<double>(timeout));
  const bool ended = check.wait(ChildProcess::Clock::now() + limit);
  check.kill();
  if (!ended) throw_error<ConfigError>("reward library {}: not loaded within {} s", path, timeout);
  if (check.end() != "exit code 0")
    throw_error<ConfigError>("reward library {}: {}", path, said.empty() ? check.end() : said);
}

}  // namespace

void PluginReward::score_group(const RewardGroup& group, std::span<RewardResult> results) const {
  if (group.completions.empty()) return;
  const int64_t id = next_id_++;
  const Reason reason = pool_.ask(encode_request(id, group), [&](std::string_view reply) {
    return decode_reply(reply, id, results);
  });
  if (reason != Reason::ok)
    std::ranges::fill(results, RewardResult{.verdict = Verdict::undecided, .reason = reason});
}

RewardResult PluginReward::score_gold(const RewardInput& gold) const {
  if (!judges_) return Reward::score_gold(gold);
  const std::string completion = "<answer>" + std::string(gold.answer) + "</answer>";
  const RewardInput input{.prompt = gold.prompt, .completion = completion, .answer = gold.answer};
  RewardResult result;
  score_group({.completions = {&input, 1}}, {&result, 1});
  return result;
}

void PluginSettings::describe(Fields& f) {
  f.field("timeout", timeout, "Seconds for a reply; then the process is killed.", {.low = 1e-3});
  f.field("start_timeout", start_timeout,
          "Seconds more for the first reply of a process; halved when it did not come in time.",
          at_least(0.0));
  f.field("processes", processes, "Processes at most; each answers one group at a time.",
          between_int(1, 256));
  f.field("judges_answers", judges, "Its verdicts say whether an answer is right.");
}

void CommandSettings::describe(Fields& f) {
  f.field("command", command, "Program and arguments; a single text is split at blanks.");
  f.field("shell", shell, "`command` is one text for sh -c.");
  PluginSettings::describe(f);
  if (f.reading() && command.empty()) f.fail("command", "is missing");
  if (shell && command.size() > 1) f.fail("command", "must be one text with shell: true");
}

std::unique_ptr<Reward> CommandSettings::make() const {
  std::vector<std::string> argv = command;
  if (shell)
    argv = {"/bin/sh", "-c", command.empty() ? "" : command[0]};
  else if (argv.size() == 1)
    argv = split_at_blanks(argv[0]);
  if (argv.empty()) throw_error<ConfigError>("reward kind command: no command");
  if (!is_command(argv[0]))
    throw_error<ConfigError>("reward command {}: there is no such program", argv[0]);
  std::vector<std::string> guarded = {host_program(*this, "command " + argv[0]), "--command"};
  guarded.insert(guarded.end(), argv.begin(), argv.end());
  return std::make_unique<PluginReward>(
      PluginProcess{.name = fmt::format("{}", fmt::join(argv, " ")),
                    .argv = guarded,
                    .timeout = timeout,
                    .start_timeout = start_timeout,
                    .processes = processes},
      judges);
}

void LibrarySettings::describe(Fields& f) {
  f.field("path", path, "The shared library.");
  f.field("user_data", user_data, "Text for its init().");
  PluginSettings::describe(f);
  if (f.reading() && path.empty()) f.fail("path", "is missing");
}

std::unique_ptr<Reward> LibrarySettings::make() const {
  if (path.empty()) throw_error<ConfigError>("reward kind library: no path");
  const std::string program = host_program(*this, "library " + path);
  const std::vector<std::string> argv = {program, std::filesystem::absolute(path).string(),
                                         user_data};
  std::vector<std::string> check = argv;
  check.emplace_back("--check");
  check_loads(check, path, start_timeout);
  return std::make_unique<PluginReward>(
      PluginProcess{.name = std::filesystem::path(path).filename(),
                    .argv = argv,
                    .timeout = timeout,
                    .start_timeout = start_timeout,
                    .processes = processes},
      judges);
}

}  // namespace cohort
