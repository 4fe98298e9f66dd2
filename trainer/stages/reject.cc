#include "trainer/stages/reject.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "rollout/recorder.h"
#include "trainer/evaluate.h"
#include "trainer/progress.h"
#include "trainer/sampler.h"

namespace cohort {
namespace {

// Indices of the samples of a group that are kept: right, different from each other, the preferred
// first.
std::vector<size_t> kept_samples(const RejectConfig& config, const Group& group,
                                 const Grader& grader) {
  std::vector<size_t> right;
  for (size_t i = 0; i < group.scores.size(); ++i) {
    const auto same = [&](size_t other) {
      return group.completions[other].tokens == group.completions[i].tokens;
    };
    if (grader.is_right(group.scores[i]) && std::ranges::none_of(right, same)) right.push_back(i);
  }
  if (config.prefer == "shortest")
    std::ranges::stable_sort(right, {},
                             [&](size_t i) { return group.completions[i].tokens.size(); });
  if (static_cast<int64_t>(right.size()) > config.max_kept)
    right.resize(static_cast<size_t>(config.max_kept));
  return right;
}

class RejectStage {
 public:
  RejectStage(StageContext& context, const RejectConfig& config)
      : context_(context),
        config_(config),
        model_(context.model(config.init)),
        data_(Dataset::load(config.data, *model_.tokenizer)),
        sampler_(model_, context.comm,
                 {.engine = config.rollout.engine,
                  .rewards = config.reward,
                  .stop_token_ids = config.rollout.sampling.stop_token_ids,
                  .reward_workers = 1}),
        prompts_(all_prompts(*data_)) {}

  // A wave's rollout file is its checkpoint: waves that have one are read, the others sampled. The
  // stage leaves after a sampled wave only, so that every start comes further.
  StageEnd run() {
    const auto size = static_cast<int64_t>(prompts_.size());
    const int64_t num_waves = (size + config_.wave_size - 1) / config_.wave_size;
    log_info("  {} prompts x {} samples from {}", size, config_.rollout.sampling.n,
             context_.model_name(config_.init));
    prepare_folder();
    context_.metrics.cut_back(context_.name(), -1);
    Progress progress(context_.name(), 0, num_waves, context_.leader());
    for (int64_t wave = 1; wave <= num_waves; ++wave) {
      auto recorded = read_wave(wave);
      const bool sampled = !recorded;
      const std::vector<Group> groups = sampled ? sample_wave(wave) : std::move(*recorded);
      Metrics metrics = group_metrics(groups, sampler_.grader());
      keep(groups, metrics);
      context_.metrics.write(context_.name(), wave, metrics);
      progress.step(wave, metrics, num_tokens(groups));
      if (sampled && wave < num_waves && context_.interrupt.should_leave(context_.comm))
        return StageEnd::interrupted;
    }
    progress.clear();
    if (kept_.empty())
      throw_error<InputError>("{}: none of {} samples is right, there is nothing to learn from",
                              context_.name(), size * config_.rollout.sampling.n);
    if (context_.leader()) write_kept();
    log_info("  {} samples kept, of {} prompts", kept_.size(), size);
    context_.finish("");
    return StageEnd::finished;
  }

 private:
  // Waves count under the configuration and for the policy that they were sampled with.
  void prepare_folder() const {
    const std::string rollouts = context_.path() + "/rollouts", file = start_mark(context_.path());
    const WorkMark mark{.model = context_.model_id(config_.init),
                        .values = numeric_values(context_.config, context_.stage)};
    const auto made = read_mark(file);
    if (made) check_same_values(made->values, mark.values, context_.path());
    if (context_.leader()) {
      const bool anew = !made || made->model != mark.model;
      if (anew && path_exists(rollouts)) {
        log_warning("{}: its samples are of another policy than {} is now: begins anew", rollouts,
                    context_.model_name(config_.init));
        remove_tree(rollouts);
      }
      make_folders(rollouts);
      if (anew) write_mark(file, mark);
    }
    context_.comm.barrier("start of the stage");
  }

  std::span<const Prompt> prompts_of(int64_t wave) const {
    const auto begin = static_cast<size_t>((wave - 1) * config_.wave_size);
    return std::span(prompts_).subspan(
        begin, std::min(prompts_.size() - begin, static_cast<size_t>(config_.wave_size)));
  }

  std::vector<Group> sample_wave(int64_t wave) {
    const std::span<const Prompt> prompts = prompts_of(wave);
    std::vector<Group> groups =
        sampler_.sample({prompts.begin(), prompts.end()}, config_.rollout.sampling,
                        context_.scope(DrawUse::training));
    if (context_.leader())
      write_groups(rollout_path(context_.path(), wave),
                   {.stage = context_.name(),
                    .step = wave,
                    .seed = static_cast<uint64_t>(context_.config.run.seed),
                    .temperature = config_.rollout.sampling.temperature,
                    .rewards = sampler_.grader().rubric().names()},
                   groups);
    return groups;
  }

  // Nothing when some rank cannot read the file.
  std::optional<std::vector<Group>> read_wave(int64_t wave) {
    const std::string path = rollout_path(context_.path(), wave);
    std::optional<std::vector<Group>> groups;
    try {
      if (path_exists(path)) {
        groups = read_groups(path).groups;
        const auto same = [](const Group& group, const Prompt& prompt) {
          return group.prompt.ordinal == prompt.ordinal && group.prompt.tokens == prompt.tokens;
        };
        if (!std::ranges::equal(*groups, prompts_of(wave), same)) {
          log_warning("{} is sampled again: its prompts are not those of the wave", path);
          groups.reset();
        }
      }
    } catch (const InputError& e) {
      log_warning("{} is sampled again: {}", path, e.what());
    }
    int64_t missing = !groups;
    context_.comm.all_reduce_max({&missing, 1}, "wave file");
    if (missing != 0) groups.reset();
    return groups;
  }

  void keep(const std::vector<Group>& groups, Metrics& metrics) {
    const size_t before = kept_.size();
    for (const Group& group : groups) {
      const Row& row = data_->row(group.prompt.ordinal);
      for (const size_t i : kept_samples(config_, group, sampler_.grader()))
        kept_.push_back({{"prompt", row.prompt},
                         {"answer", row.answer},
                         {"response", sampler_.grader().text_of(group.completions[i])},
                         {"source", row.source}});
    }
    metrics["kept"] = static_cast<double>(kept_.size() - before);
  }

  void write_kept() const {
    std::string text;
    for (const nlohmann::json& row : kept_)
      text += row.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    write_file_atomic(kept_samples_path(context_.path()), text);
  }

  StageContext& context_;
  const RejectConfig& config_;
  LoadedModel model_;
  std::shared_ptr<const Dataset> data_;
  GroupSampler sampler_;
  std::vector<Prompt> prompts_;
  std::vector<nlohmann::json> kept_;
};

}  // namespace

StageEnd run_reject(StageContext& context, const RejectConfig& config) {
  return RejectStage(context, config).run();
}

}  // namespace cohort
