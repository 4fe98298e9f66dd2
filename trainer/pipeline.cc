#include "trainer/pipeline.h"

#include <ATen/Parallel.h>

#include <chrono>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
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
  // 0 leaves the choice to the library, which honours OMP_NUM_THREADS.
  if (threads > 0) at::set_num_threads(static_cast<int>(threads));
}

void check_device(const std::string& device) {
  if (device == "cuda")
    throw_error<ConfigError>(
        "run.device = cuda: this build has no device library; use run.device = cpu");
}

// Data, tokenizer and gold answers of the stages that are still to run: better known now than after
// hours of the stage before. What a reject stage will write cannot be read yet.
void check_data(const StageConfig& stage, const std::shared_ptr<const Tokenizer>& tokenizer) {
  const auto load = [&](const DataConfig& data) { return Dataset::load(data, *tokenizer); };
  if (const auto* grpo = std::get_if<GrpoConfig>(&stage.body)) {
    check_gold(*grpo, *load(grpo->data.source), tokenizer);
    if (grpo->val.present) load(grpo->val.data);
  } else if (const auto* sft = std::get_if<SftConfig>(&stage.body)) {
    if (sft->data.from.empty()) load(sft->data.source);
    if (sft->val.present) load(sft->val.data);
  } else if (const auto* reject = std::get_if<RejectConfig>(&stage.body)) {
    load(reject->data);
  } else if (const auto* eval = std::get_if<EvalConfig>(&stage.body)) {
    load(eval->data);
  }
}

std::shared_ptr<const Tokenizer> run_tokenizer(const RunConfig& config) {
  return config.model.path.empty() ? make_tokenizer(config.model.tokenizer)
                                   : load_tokenizer(config.model.path);
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
  return first;
}

int leave(const RunFolder& folder, const Interrupt& interrupt) {
  log_info("stopped by {}; everything is saved, the same command goes on from here ({})",
           interrupt.reason(), folder.path());
  return kInterrupted;
}

}  // namespace

int run_pipeline(const RunConfig& config, Communicator& comm, const PipelineOptions& options) {
  check_device(config.run.device);
  configure_threads(config.run.threads);
  if (options.dry_run) {
    const auto tokenizer = run_tokenizer(config);
    for (const StageConfig& stage : config.pipeline) check_data(stage, tokenizer);
    return kDone;
  }

  const auto start = std::chrono::steady_clock::now();
  Interrupt interrupt(config.run.time_limit);
  const RunFolder folder(config, comm);
  const size_t first = first_unfinished(config, folder);
  folder.write_config(config);
  MetricsLog metrics(folder.path(), comm, [&](const std::string& name, int64_t) {
    for (size_t i = 0; i < config.pipeline.size(); ++i)
      if (config.pipeline[i].name() == name) return i <= first;  // stages cut their own further
    return false;
  });
  const auto tokenizer = run_tokenizer(config);
  for (size_t i = first; i < config.pipeline.size(); ++i) check_data(config.pipeline[i], tokenizer);

  for (size_t i = 0; i < config.pipeline.size(); ++i) {
    const StageConfig& stage = config.pipeline[i];
    log_info("[{}/{}] {}{}{}", i + 1, config.pipeline.size(), stage.name(),
             stage.name() == stage.tag ? "" : ": " + stage.tag,
             i < first ? ": finished before" : "");
    if (i < first) continue;
    StageContext context{config, stage, i, comm, folder, metrics, interrupt};
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
