// What --explain adds to a verdict of kind math.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "rewards/reward.h"

namespace cohort {

void explain_math(const RewardInput& input, nlohmann::json& out);

}  // namespace cohort
