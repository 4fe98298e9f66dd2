// cohort-plugin-host LIBRARY USER_DATA [--check]: loads a reward library (rewards/plugin.h) and
// answers requests (rewards/plugin/protocol.h) on stdin and stdout. What the library prints goes to
// stderr. With --check it ends when the library is ready. Started by kind `library`, so that a
// crash of the library is not one of the run.
//
// cohort-plugin-host --command PROGRAM [ARGUMENT...]: runs the program of kind `command`
// (rewards/plugin/command_guard.h).
#include <dlfcn.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <thread>

#include "core/base/error.h"
#include "rewards/plugin.h"
#include "rewards/plugin/command_guard.h"
#include "rewards/plugin/protocol.h"

namespace cohort {
namespace {

class Library {
 public:
  Library(const char* path, const char* user_data) {
    void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) throw_error<InputError>("{}", dlerror());
    const auto entry =
        reinterpret_cast<decltype(&cohort_reward_plugin)>(dlsym(handle, "cohort_reward_plugin"));
    if (entry == nullptr) throw_error<InputError>("it exports no cohort_reward_plugin()");
    plugin_ = entry();
    if (plugin_ == nullptr || plugin_->score == nullptr)
      throw_error<InputError>("cohort_reward_plugin() gives no plugin");
    if (plugin_->abi != COHORT_PLUGIN_ABI)
      throw_error<InputError>("it is of plugin ABI {}, this program of {}", plugin_->abi,
                              COHORT_PLUGIN_ABI);
    char error[512] = "";
    if (plugin_->init != nullptr && plugin_->init(user_data, &state_, error, sizeof error) != 0) {
      error[sizeof error - 1] = '\0';
      throw_error<InputError>("init: {}", error);
    }
  }
  ~Library() {
    if (plugin_->free != nullptr) plugin_->free(state_);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  std::string answer(const PluginRequest& request) const {
    std::vector<cohort_completion> completions;
    for (size_t i = 0; i < request.inputs.size(); ++i) {
      const bool judged = i < request.accuracy.size();
      completions.push_back({.text = text(request.completions[i]),
                             .tokens = request.inputs[i].tokens,
                             .truncated = request.inputs[i].truncated,
                             .accuracy = judged ? static_cast<int32_t>(request.accuracy[i].verdict)
                                                : COHORT_UNKNOWN});
    }
    const cohort_group group = {.prompt = text(request.prompt),
                                .answer = text(request.answer),
                                .completions = completions.data(),
                                .count = completions.size()};
    std::vector<cohort_score> scores(completions.size(),
                                     {.value = 0, .verdict = COHORT_UNDECIDED, .reason = ""});
    const int failed = plugin_->score(state_, &group, scores.data());
    if (failed != 0) return encode_error(request.id, fmt::format("score() returned {}", failed));
    std::vector<double> values;
    std::vector<Verdict> verdicts;
    std::vector<std::string> reasons;
    for (const cohort_score& score : scores) {
      if (score.verdict < COHORT_CORRECT || score.verdict > COHORT_NOT_APPLICABLE)
        return encode_error(request.id, fmt::format("a verdict of {}", score.verdict));
      values.push_back(score.value);
      verdicts.push_back(static_cast<Verdict>(score.verdict));
      reasons.emplace_back(score.reason, strnlen(score.reason, sizeof score.reason));
    }
    return encode_reply(request.id, values, verdicts, reasons);
  }

 private:
  static cohort_text text(const std::string& s) { return {.data = s.c_str(), .size = s.size()}; }

  const cohort_plugin* plugin_ = nullptr;
  void* state_ = nullptr;
};

// Ends this process soon after nobody is left to ask it, whatever the library is doing.
void end_with_the_asker() {
  std::thread([] {
    pollfd input{.fd = STDIN_FILENO, .events = 0, .revents = 0};
    while (poll(&input, 1, -1) <= 0 || (input.revents & (POLLHUP | POLLERR)) == 0) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    _exit(0);
  }).detach();
}

int serve(int argc, char** argv) {
  if (argc < 3) throw_error<InputError>("usage: cohort-plugin-host LIBRARY USER_DATA [--check]");
  const int replies = dup(STDOUT_FILENO);
  if (replies < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    throw_error<IoError>("stdout cannot be moved");
  FILE* out = fdopen(replies, "w");
  end_with_the_asker();
  const Library library(argv[1], argv[2]);
  if (argc > 3 && std::string_view(argv[3]) == "--check") return 0;
  for (std::string line; std::getline(std::cin, line);) {
    const std::string reply = library.answer(decode_request(line));
    fwrite(reply.data(), 1, reply.size(), out);
    fputc('\n', out);
    fflush(out);
    fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace cohort

int main(int argc, char** argv) {
  try {
    if (argc > 2 && std::string_view(argv[1]) == "--command") cohort::guard_command(argv + 2);
    return cohort::serve(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
