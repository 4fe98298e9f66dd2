// The kinds of reward that a configuration can name. A new one is a line here, a folder, and a
// section of docs/rewards.md.
#include <array>

#include "core/base/error.h"
#include "core/base/files.h"
#include "rewards/code/code_reward.h"
#include "rewards/format/format_reward.h"
#include "rewards/format/reasoning_steps_reward.h"
#include "rewards/format/tag_count_reward.h"
#include "rewards/language/language_reward.h"
#include "rewards/length/length_reward.h"
#include "rewards/math/math_reward.h"
#include "rewards/plugin/plugin_reward.h"
#include "rewards/repetition/repetition_reward.h"
#include "rewards/reward.h"

namespace cohort {
namespace {

template <class Settings>
std::shared_ptr<RewardSettings> make_settings() {
  return std::make_shared<Settings>();
}

struct Kind {
  const char* name;
  std::shared_ptr<RewardSettings> (*make)();
};

constexpr std::array kKinds = {
    Kind{"math", make_settings<MathSettings>},
    Kind{"code", make_settings<CodeSettings>},
    Kind{"format", make_settings<FormatSettings>},
    Kind{"tag_count", make_settings<TagCountSettings>},
    Kind{"reasoning_steps", make_settings<ReasoningStepsSettings>},
    Kind{"language", make_settings<LanguageSettings>},
    Kind{"overlong", make_settings<OverlongSettings>},
    Kind{"cosine_length", make_settings<CosineLengthSettings>},
    Kind{"kimi_length", make_settings<KimiLengthSettings>},
    Kind{"repetition", make_settings<RepetitionSettings>},
    Kind{"command", make_settings<CommandSettings>},
    Kind{"library", make_settings<LibrarySettings>},
};

}  // namespace

std::vector<std::string> reward_kinds() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

std::shared_ptr<RewardSettings> default_settings(const std::string& kind) {
  for (const Kind& known : kKinds)
    if (kind == known.name) return known.make();
  const std::string nearest = nearest_name(kind, reward_kinds());
  throw_error<ConfigError>("reward kind \"{}\" is unknown{}", kind,
                           nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?");
}

}  // namespace cohort
