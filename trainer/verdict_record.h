// A verdict that a clock may decide (code under a time limit, a plugin) is no function of the text.
// What was said once is on disk before anything counts on it, and is said again when its step is
// run again: the file is a rollout file of all groups that were graded together.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "rollout/types.h"

namespace cohort {

class VerdictRecord {
 public:
  // Reads the file when there is one. Nothing is recorded when it cannot be read (with a warning),
  // or when `path` is empty.
  explicit VerdictRecord(const std::string& path);

  // Gives `group` its recorded scores. False when there are none for exactly these completions.
  bool replay(Group& group) const;
  bool holds_all_of(const std::vector<Group>& groups) const;

 private:
  const Group* find(const Group& group) const;

  std::map<int64_t, Group> groups_;  // by ordinal
};

// Makes the folder. Throws IoError.
void write_verdicts(const std::string& path, const std::vector<std::string>& rewards,
                    const std::vector<Group>& graded);

// STAGE/verdicts/step_000003_wave_1.h5, or ..._val.h5.
std::string verdict_path(const std::string& stage_folder, int64_t step, const std::string& what);
// Removes the records of steps that no kept checkpoint would run again.
void prune_verdicts(const std::string& stage_folder);

}  // namespace cohort
