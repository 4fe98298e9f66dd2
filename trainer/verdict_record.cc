#include "trainer/verdict_record.h"

#include <algorithm>
#include <limits>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "rollout/recorder.h"
#include "trainer/checkpoint.h"

namespace cohort {

VerdictRecord::VerdictRecord(const std::string& path) {
  if (path.empty() || !path_exists(path)) return;
  try {
    for (Group& group : read_groups(path).groups)
      groups_.emplace(group.prompt.ordinal, std::move(group));
  } catch (const InputError& e) {
    log_warning("its groups are graded again: {}", e.what());
    groups_.clear();
  }
}

bool VerdictRecord::holds_all_of(const std::vector<Group>& groups) const {
  return std::ranges::all_of(groups, [&](const Group& group) { return find(group) != nullptr; });
}

bool VerdictRecord::replay(Group& group) const {
  const Group* const recorded = find(group);
  if (recorded != nullptr) group.scores = recorded->scores;
  return recorded != nullptr;
}

const Group* VerdictRecord::find(const Group& group) const {
  const auto found = groups_.find(group.prompt.ordinal);
  if (found == groups_.end()) return nullptr;
  const Group& recorded = found->second;
  const auto same = [](const Completion& a, const Completion& b) { return a.tokens == b.tokens; };
  if (recorded.prompt.tokens != group.prompt.tokens ||
      recorded.prompt.answer != group.prompt.answer ||
      !std::ranges::equal(recorded.completions, group.completions, same) ||
      recorded.scores.size() != group.completions.size())
    return nullptr;
  return &recorded;
}

void write_verdicts(const std::string& path, const std::vector<std::string>& rewards,
                    const std::vector<Group>& graded) {
  make_folders(path.substr(0, path.rfind('/')));
  write_groups(path, {.stage = {}, .rewards = rewards}, graded);
}

std::string verdict_path(const std::string& stage_folder, int64_t step, const std::string& what) {
  return fmt::format("{}/verdicts/step_{:06d}_{}.h5", stage_folder, step, what);
}

void prune_verdicts(const std::string& stage_folder) {
  const std::string verdicts = stage_folder + "/verdicts",
                    checkpoints = stage_folder + "/checkpoints";
  if (!path_exists(verdicts) || !path_exists(checkpoints)) return;
  int64_t oldest = std::numeric_limits<int64_t>::max();
  for (const std::string& name : list_folder(checkpoints))
    if (const int64_t step = checkpoint_step(name); step >= 0) oldest = std::min(oldest, step);
  if (oldest == std::numeric_limits<int64_t>::max()) return;
  // Names sort by step.
  const std::string kept = fmt::format("step_{:06d}_", oldest + 1);
  for (const std::string& name : list_folder(verdicts))
    if (name < kept) remove_tree(verdicts + "/" + name);
}

}  // namespace cohort
