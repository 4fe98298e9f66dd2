#include "trainer/run_config.h"

#include <algorithm>
#include <cctype>

#include "core/base/error.h"

namespace cohort {
namespace {

bool is_folder_name(const std::string& name) {
  const auto allowed = [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-' || c == '.';
  };
  return !name.empty() && name[0] != '.' && std::all_of(name.begin(), name.end(), allowed);
}

// A stage's folder lies beside these.
const std::vector<std::string> kReservedNames = {
    "config.yaml", "metrics.jsonl", "tb",    "log.txt",  "lock", "eval",
    "export",      "report.html",   "model", "previous", "none", "reject"};

// What an earlier stage must be to serve `use`.
bool serves(const std::string& tag, bool as_data) {
  if (as_data) return tag == "reject";
  return tag == "sft" || tag == "grpo" || tag == "distill";
}

class NameCheck {
 public:
  NameCheck(const std::vector<StageConfig>& stages, size_t index)
      : stages_(stages), index_(index) {}

  // Empty when `name` may be used; else what is wrong with it.
  std::string fault(const std::string& name, bool as_data) const {
    const char* wanted =
        as_data ? "an earlier reject stage" : "an earlier sft, grpo or distill stage";
    if (name == "previous") {
      for (size_t i = 0; i < index_; ++i)
        if (serves(stages_[i].tag, as_data)) return "";
      return as_data ? fmt::format("there is no {}", wanted) : "";  // a model: the run's own
    }
    if (!as_data && name == "model") return "";
    for (size_t i = 0; i < index_; ++i)
      if (stages_[i].name() == name && serves(stages_[i].tag, as_data)) return "";
    return fmt::format("\"{}\" is not {}", name, wanted);
  }

 private:
  const std::vector<StageConfig>& stages_;
  size_t index_;
};

void check_references(Fields& f, const std::vector<StageConfig>& stages, size_t index) {
  const NameCheck names(stages, index);
  const StageConfig& stage = stages[index];
  if (const std::string fault = names.fault(stage.common().init, false); !fault.empty())
    f.fail("init", fault);
  const auto check_data = [&](const TrainDataConfig& data) {
    if (data.from.empty()) return;
    if (const std::string fault = names.fault(data.from, true); !fault.empty())
      f.fail("data", "from: " + fault);
  };
  if (const auto* sft = std::get_if<SftConfig>(&stage.body)) check_data(sft->data);
  if (const auto* distill = std::get_if<DistillConfig>(&stage.body)) check_data(distill->data);
  if (const auto* eval = std::get_if<EvalConfig>(&stage.body))
    for (const std::string& model : eval->models)
      if (const std::string fault = names.fault(model, false); !fault.empty())
        f.fail("models", fault);
}

void check_name(Fields& f, const std::vector<StageConfig>& stages, size_t index) {
  const std::string& name = stages[index].name();
  if (!is_folder_name(name))
    f.fail("name", fmt::format("\"{}\" must be letters, digits, '_', '-' and '.'", name));
  const bool reserved =
      std::find(kReservedNames.begin(), kReservedNames.end(), name) != kReservedNames.end();
  if (reserved && name != stages[index].tag)
    f.fail("name", fmt::format("\"{}\" is reserved", name));
  for (size_t i = 0; i < index; ++i)
    if (stages[i].name() == name)
      f.fail("name", fmt::format("\"{}\" names two stages; give each its own name", name));
}

void check_rollout_weights(Fields& f, const RunSection& run, const StageConfig& stage) {
  const RolloutConfig* rollout = nullptr;
  if (const auto* grpo = std::get_if<GrpoConfig>(&stage.body)) rollout = &grpo->rollout;
  if (const auto* reject = std::get_if<RejectConfig>(&stage.body)) rollout = &reject->rollout;
  if (const auto* eval = std::get_if<EvalConfig>(&stage.body)) rollout = &eval->rollout;
  if (rollout == nullptr || rollout->sampling.weights == "same") return;
  const std::string& weights = rollout->sampling.weights;
  if (run.exact)
    f.fail("rollout", fmt::format("weights {} needs run.exact: false: rollout and training would "
                                  "not agree bit for bit",
                                  weights));
  if (run.device == "cuda")
    f.fail("rollout", fmt::format("weights {} is for the CPU, run.device is cuda", weights));
}

}  // namespace

void RunSection::describe(Fields& f) {
  f.field("name", name, "Folder of the run under dir.");
  f.field("seed", seed, "The one seed: weights, data order and every sampled token follow from it.",
          at_least_int(0));
  f.field("device", device, "auto takes a GPU where there is one.", {"auto", "cpu", "cuda"});
  f.field("dtype", dtype, "Type of compute; master weights and gradients are fp32 in both.",
          {"fp32", "bf16"});
  f.field("exact", exact, "Rollout and training agree bit for bit (docs/numerics.md).");
  f.field("dp_shards", dp_shards,
          "Logical shards that a batch is dealt to; ranks are a power of two that divides it.",
          between_int(1, 4096));
  f.field("dir", dir, "Folder of all runs.");
  f.field("time_limit", time_limit,
          "Seconds after which the run saves, leaves in time and exits 130; 0: none.",
          at_least(0.0));
  f.field("resume_mode", resume_mode,
          "auto goes on from where the folder stands; disable refuses a folder with results.",
          {"auto", "disable"});
  f.field("threads", threads, "Threads of a rank; 0: OMP_NUM_THREADS, else all cores.",
          between_int(0, 1024));
  f.field("comm_timeout_s", comm_timeout_s,
          "Seconds that a collective waits before it names the missing ranks.", at_least(1.0));
  if (!is_folder_name(name))
    f.fail("name", fmt::format("\"{}\" must be letters, digits, '_', '-' and '.'", name));
  if ((dp_shards & (dp_shards - 1)) != 0) f.fail("dp_shards", "must be a power of two");
}

void RunConfig::describe(Fields& f) {
  f.section("run", run, "What all stages share.");
  f.section("model", model, "What the first stage starts from.");
  if (model.path.empty() && !model.has_tokenizer)
    f.fail("model", "needs a path, or a tokenizer beside its shape");
  f.tagged_list(
      "pipeline", pipeline.size(), StageConfig::tags(),
      [&](size_t index, std::string& tag, Fields& fields) {
        if (fields.reading()) {
          if (index >= pipeline.size()) pipeline.resize(index + 1);
          pipeline[index] = StageConfig::of_tag(tag);
        }
        tag = pipeline[index].tag;
        pipeline[index].describe(fields);
        check_name(fields, pipeline, index);
        check_rollout_weights(fields, run, pipeline[index]);
        check_references(fields, pipeline, index);
      },
      "Stages in order; each reads what an earlier one made.");
  if (pipeline.empty()) f.fail("pipeline", "must list at least one stage");
}

size_t stage_place(const RunConfig& config, const std::string& name) {
  for (size_t i = 0; i < config.pipeline.size(); ++i)
    if (config.pipeline[i].name() == name) return i;
  throw_error<CheckError>("no stage {}", name);
}

const StageConfig* resolve_stage(const RunConfig& config, size_t place, const std::string& name,
                                 bool as_data) {
  for (size_t i = place; i-- > 0;) {
    const StageConfig& stage = config.pipeline[i];
    if (serves(stage.tag, as_data) && (name == "previous" || stage.name() == name)) return &stage;
  }
  return nullptr;
}

ModelSection own_section(const RunConfig& config, const ModelSection& section) {
  ModelSection complete = section;
  if (!section.path.empty() || section.has_tokenizer) return complete;
  complete.tokenizer = config.model.tokenizer;
  if (!config.model.path.empty())
    complete.tokenizer = {.kind = "path", .path = config.model.path, .alphabet = "", .special = {}};
  return complete;
}

RunConfig read_run_config(const std::string& path, const std::vector<std::string>& overrides) {
  RunConfig config;
  read_config_file(path, overrides, [&](Fields& f) { config.describe(f); });
  return config;
}

RunConfig read_run_config_text(const std::string& text, const std::string& name,
                               const std::vector<std::string>& overrides) {
  RunConfig config;
  read_config_text(text, name, overrides, [&](Fields& f) { config.describe(f); });
  return config;
}

std::string print_run_config(const RunConfig& config, bool with_docs) {
  RunConfig copy = config;
  return print_config([&](Fields& f) { copy.describe(f); }, with_docs);
}

}  // namespace cohort
