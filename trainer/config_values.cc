#include "trainer/config_values.h"

#include <fmt/ranges.h>

#include <set>

#include "core/base/error.h"

namespace cohort {
namespace {

// Keys that do not change a bit of the result, by their last part, or a whole section.
const std::set<std::string> kFreeKeys = {
    "name",      "dir",           "time_limit",    "resume_mode",
    "threads",   "device",        "save_freq",     "comm_timeout_s",
    "keep_last", "keep_rollouts", "reward_workers"};
const std::set<std::string> kFreeSections = {"engine"};

class Flattener : public Fields {
 public:
  explicit Flattener(ConfigValues& values) : values_(values) {}

  void field(const char* key, bool& v, const char*) override { put(key, v ? "true" : "false"); }
  void field(const char* key, int64_t& v, const char*, Range<int64_t>) override {
    put(key, fmt::to_string(v));
  }
  void field(const char* key, double& v, const char*, Range<double>) override {
    put(key, fmt::to_string(v));
  }
  void field(const char* key, std::string& v, const char*, std::vector<std::string>) override {
    put(key, v);
  }
  void field(const char* key, std::vector<std::string>& v, const char*) override {
    put(key, fmt::format("[{}]", fmt::join(v, ", ")));
  }
  void field(const char* key, std::vector<double>& v, const char*) override {
    put(key, fmt::format("[{}]", fmt::join(v, ", ")));
  }
  void field(const char* key, std::vector<int64_t>& v, const char*) override {
    put(key, fmt::format("[{}]", fmt::join(v, ", ")));
  }
  void tagged_list(const char* key, size_t count, const std::vector<std::string>&,
                   const TaggedItem& item, const char*) override {
    for (size_t i = 0; i < count; ++i) {
      path_.push_back(fmt::format("{}.{}", key, i));
      std::string tag;
      item(i, tag, *this);
      put("kind", tag);
      path_.pop_back();
    }
  }
  void fail(const char*, const std::string&) override {}
  bool reading() const override { return false; }
  bool has(const char*) const override { return false; }

 protected:
  bool begin_section(const char* key, const char*) override {
    path_.push_back(key);
    return true;
  }
  bool begin_optional(const char* key, bool& present, const char*) override {
    if (present) path_.push_back(key);
    return present;
  }
  void end_section() override { path_.pop_back(); }

 private:
  void put(const std::string& key, std::string value) {
    if (kFreeKeys.contains(key)) return;
    for (const std::string& part : path_)
      if (kFreeSections.contains(part)) return;
    values_[path_.empty() ? key : fmt::format("{}.{}", fmt::join(path_, "."), key)] =
        std::move(value);
  }

  ConfigValues& values_;
  std::vector<std::string> path_;
};

}  // namespace

ConfigValues numeric_values(const RunConfig& config, const StageConfig& stage) {
  RunConfig run = config;
  StageConfig own = stage;
  ConfigValues values;
  Flattener flat(values);
  flat.section("run", run.run, "");
  flat.section("model", run.model, "");
  flat.section(stage.name().c_str(), own, "");
  values[stage.name() + ".place in the pipeline"] =
      fmt::to_string(stage_place(config, stage.name()));
  return values;
}

void check_same_values(const ConfigValues& made, const ConfigValues& now, const std::string& what) {
  const auto differs = [&](const std::string& key) {
    const auto a = made.find(key), b = now.find(key);
    const std::string was = a == made.end() ? "absent" : a->second;
    const std::string is = b == now.end() ? "absent" : b->second;
    if (was != is)
      throw_error<ConfigError>(
          "{} was made with {} = {}, the configuration says {}: take that value back, or use "
          "another run.name",
          what, key, was, is);
  };
  for (const auto& [key, value] : made) differs(key);
  for (const auto& [key, value] : now) differs(key);
}

}  // namespace cohort
