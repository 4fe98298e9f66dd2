// Rollout files: the groups of a step as HDF5 (docs/formats.md), written whole and read back to the
// same bits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rollout/types.h"

namespace cohort {

struct RolloutInfo {
  std::string stage;
  int64_t step = 0;
  uint64_t seed = 0;
  double temperature = 1.0;
  std::vector<std::string> rewards;  // names, in the order of Score::components
};

// Groups go by ordinal, whatever their order here, so the file does not depend on how work was
// dealt. All groups are graded or none; all have advantages or none. Throws IoError.
void write_groups(const std::string& path, const RolloutInfo& info,
                  const std::vector<Group>& groups);

struct RolloutFile {
  RolloutInfo info;
  std::vector<Group> groups;  // by ordinal; Completion::text is empty, tokens decode to it
};
// Throws InputError naming the file and what does not fit.
RolloutFile read_groups(const std::string& path);

}  // namespace cohort
