#include "launch/code_sandbox.h"

#include <algorithm>
#include <exception>
#include <string>
#include <variant>

#include "core/base/error.h"
#include "rewards/code/code_reward.h"

namespace cohort {
namespace {

std::string start_failure;

bool has_code(const std::vector<RewardConfig>& rewards) {
  return std::ranges::any_of(rewards, [](const RewardConfig& r) { return r.kind == "code"; });
}

struct StageWorkers {
  int64_t operator()(const SftConfig& c) const { return c.val.present && has_code(c.reward); }
  int64_t operator()(const GrpoConfig& c) const {
    return has_code(c.reward) ? std::max<int64_t>(1, c.reward_workers) : 0;
  }
  int64_t operator()(const RejectConfig& c) const { return has_code(c.reward); }
  int64_t operator()(const EvalConfig& c) const { return has_code(c.reward); }
  int64_t operator()(const ExportConfig&) const { return 0; }
};

}  // namespace

int64_t code_workers(const RunConfig& config) {
  int64_t workers = 0;
  for (const StageConfig& stage : config.pipeline)
    workers = std::max(workers, std::visit(StageWorkers{}, stage.body));
  return workers;
}

void start_code_sandbox(int64_t workers) noexcept {
  try {
    set_code_sandbox(judge::start_sandbox(workers));
  } catch (const std::exception& e) {
    start_failure = e.what();
  }
}

void require_code_sandbox() {
  if (!start_failure.empty()) throw_error<InputError>("{}", start_failure);
  const judge::Availability available = judge::sandbox_availability();
  if (!available.works)
    throw_error<InputError>("code cannot be judged here, and is never run without a sandbox: {}",
                            available.detail);
}

}  // namespace cohort
