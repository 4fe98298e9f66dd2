#include "trainer/pipeline.h"

#include <chrono>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "core/base/threads.h"
#include "model/compute_device.h"
#include "trainer/checkpoint.h"
#include "trainer/learner.h"
#include "trainer/preflight.h"
#include "trainer/stages/distill.h"
#include "trainer/stages/eval.h"
#include "trainer/stages/export.h"
#include "trainer/stages/grpo.h"
#include "trainer/stages/reject.h"
#include "trainer/stages/sft.h"

namespace cohort {
namespace {

constexpr int kDone = 0;
constexpr int kInterrupted = 130;

void configure_threads(int64_t threads) {
  if (threads > 0) set_num_threads(static_cast<int>(threads));
}

// What would run, for --dry-run.
void print_plan(const RunConfig& config, const Communicator& comm) {
  Preflight preflight(config, comm.size());
  std::string lines;
  double training_mb = 0, rollout_mb = 0;
  for (size_t i = 0; i < config.pipeline.size(); ++i) {
    const StageConfig& stage = config.pipeline[i];
    const StagePlan plan = preflight.check(i);
    lines += fmt::format("  {}  {:<14} {:<8} {}; {} ({} parameters)\n", i + 1, stage.name(),
                         stage.tag, plan.work, plan.start, plan.shape.num_parameters());
    training_mb = std::max(training_mb, plan.training_mb);
    rollout_mb = std::max(rollout_mb, plan.rollout_mb);
  }
  if (comm.rank() != 0) return;
  fmt::print("{}: {} stages, {} rank(s), {}, seed {}\n{}", config.run.folder(),
             config.pipeline.size(), comm.size(), config.run.dtype, config.run.seed, lines);
  fmt::print(
      "  memory of a rank: {:.1f} MB of weights, gradients and optimizer, at most {:.0f} MB of "
      "cache; activations come on top\n",
      training_mb, rollout_mb);
}

StageEnd run_stage(StageContext& context) {
  struct Dispatch {
    StageContext& context;
    StageEnd operator()(const SftConfig& c) const { return run_sft(context, c); }
    StageEnd operator()(const GrpoConfig& c) const { return run_grpo(context, c); }
    StageEnd operator()(const RejectConfig& c) const { return run_reject(context, c); }
    StageEnd operator()(const DistillConfig& c) const { return run_distill(context, c); }
    StageEnd operator()(const EvalConfig& c) const { return run_eval(context, c); }
    StageEnd operator()(const ExportConfig& c) const { return run_export(context, c); }
  };
  return std::visit(Dispatch{context}, context.stage.body);
}

// The first stage that is not finished; those before it were made under this very configuration,
// those after it are not there.
size_t first_unfinished(const RunConfig& config, const RunFolder& folder) {
  size_t first = config.pipeline.size();
  for (size_t i = 0; i < config.pipeline.size(); ++i) {
    const StageConfig& stage = config.pipeline[i];
    const auto done = read_done(folder.stage(stage.name()));
    if (!done) {
      first = std::min(first, i);
      continue;
    }
    if (first < i)
      throw_error<ConfigError>(
          "{}: finished, but the stage \"{}\" before it is not; remove the folder",
          folder.stage(stage.name()), config.pipeline[first].name());
    check_same_values(done->values, numeric_values(config, stage), folder.stage(stage.name()));
  }
  // A contradiction with what was saved is told before anything is written.
  for (size_t i = first; i < config.pipeline.size(); ++i) {
    const ConfigValues now = numeric_values(config, config.pipeline[i]);
    const std::string stage_folder = folder.stage(config.pipeline[i].name());
    const std::string saved = stage_folder + "/checkpoints";
    if (const nlohmann::json values = newest_checkpoint_values(saved); !values.is_null())
      check_same_values(values.at("config").get<ConfigValues>(), now, saved);
    if (const auto mark = read_mark(start_mark(stage_folder)))
      check_same_values(mark->values, now, stage_folder);
  }
  return first;
}

int leave(const RunFolder& folder, const Interrupt& interrupt) {
  log_info("stopped by {}; everything is saved, the same command goes on from here ({})",
           interrupt.reason(), folder.path());
  return kInterrupted;
}

// For the reader of the terminal.
const char* purpose(const std::string& tag) {
  if (tag == "sft") return "imitates given responses";
  if (tag == "grpo")
    return "samples groups of completions, rewards each, moves towards the better ones";
  if (tag == "reject") return "samples answers and keeps the right ones";
  if (tag == "distill") return "teaches the kept samples to a model of its own";
  if (tag == "eval") return "measures on held-out prompts";
  if (tag == "export") return "writes a model for other programs";
  return "";
}

}  // namespace

int run_pipeline(const RunConfig& config, Communicator& comm, const PipelineOptions& options) {
  choose_device(config.run.device);
  configure_threads(config.run.threads);
  local_shards(config.run.dp_shards, comm.size());
  if (options.dry_run) {
    print_plan(config, comm);
    return kDone;
  }

  const auto start = std::chrono::steady_clock::now();
  Interrupt interrupt(config.run.time_limit);
  const RunFolder folder(config, comm);
  const size_t first = first_unfinished(config, folder);
  Preflight preflight(config, comm.size());
  std::vector<StagePlan> plans(config.pipeline.size());
  for (size_t i = first; i < config.pipeline.size(); ++i) plans[i] = preflight.check(i);
  folder.write_config(config);
  MetricsLog metrics(folder.path(), comm, [&](const std::string& name, int64_t) {
    for (size_t i = 0; i < config.pipeline.size(); ++i)
      if (config.pipeline[i].name() == name) return i <= first;  // stages cut their own further
    return true;  // of a stage that this configuration leaves out
  });

  for (size_t i = 0; i < config.pipeline.size(); ++i) {
    const StageConfig& stage = config.pipeline[i];
    log_info("[{}/{}] {} ({}): {}", i + 1, config.pipeline.size(), stage.name(), stage.tag,
             i < first ? "finished before" : purpose(stage.tag));
    if (i < first) continue;
    interrupt.begin_stage();
    StageContext context{config, stage, i, comm, folder, metrics, interrupt, plans[i]};
    if (run_stage(context) == StageEnd::interrupted) return leave(folder, interrupt);
    if (i + 1 < config.pipeline.size() && interrupt.should_leave(comm))
      return leave(folder, interrupt);
  }
  metrics.flush();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  log_info("done in {:.0f} s: {}", seconds, folder.path());
  return kDone;
}

}  // namespace cohort
