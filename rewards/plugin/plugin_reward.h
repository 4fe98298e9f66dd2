// Custom rewards without recompiling: a command that speaks JSON lines (rewards/plugin/protocol.h),
// or a shared library (rewards/plugin.h), which a host program loads and speaks for.
#pragma once

#include <atomic>

#include "rewards/plugin/plugin_pool.h"
#include "rewards/reward.h"

namespace cohort {

class PluginReward : public Reward {
 public:
  PluginReward(PluginProcess process, bool judges) : pool_(std::move(process)), judges_(judges) {}
  void score_group(const RewardGroup& group, std::span<RewardResult> results) const override;
  // Asks about the completion <answer>GOLD</answer>.
  RewardResult score_gold(const RewardInput& gold) const override;
  bool timed() const override { return true; }

 private:
  mutable PluginPool pool_;
  mutable std::atomic<int64_t> next_id_ = 0;
  bool judges_;
};

struct PluginSettings : RewardSettings {
  double timeout = 10;
  double start_timeout = 60;
  int64_t processes = 4;
  bool judges = false;
  // The program that loads a library, or guards a command; empty: cohort-plugin-host beside this
  // program.
  std::string host;
  void describe(Fields& f) override;
  bool judges_answers() const override { return judges; }
};

struct CommandSettings : PluginSettings {
  std::vector<std::string> command;
  bool shell = false;
  void describe(Fields& f) override;
  // Throws ConfigError when there is no such program, or no host.
  std::unique_ptr<Reward> make() const override;
};

struct LibrarySettings : PluginSettings {
  std::string path;
  std::string user_data;
  void describe(Fields& f) override;
  // Loads it once, in a process: throws ConfigError with what the library, or the loader, says.
  std::unique_ptr<Reward> make() const override;
};

}  // namespace cohort
