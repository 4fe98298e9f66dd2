// A configuration as flat "a.b.c" -> value, to compare the one at hand with the one that a
// checkpoint was made under.
#pragma once

#include <map>
#include <string>

#include "trainer/run_config.h"

namespace cohort {

using ConfigValues = std::map<std::string, std::string>;

// What the bits of this stage's result depend on: run, model, the stage's place and its own keys,
// without those that only move work about (threads, cache, save_freq, time_limit, ...).
ConfigValues numeric_values(const RunConfig& config, const StageConfig& stage);

// Throws ConfigError naming the first key that differs; `what` is the checkpoint or stage that was
// made under `made`.
void check_same_values(const ConfigValues& made, const ConfigValues& now, const std::string& what);

}  // namespace cohort
