#include "trainer/stages/eval.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "core/base/log.h"
#include "core/io/jsonl.h"
#include "trainer/evaluate.h"
#include "trainer/progress.h"

namespace cohort {
namespace {

constexpr size_t kSampleWidth = 400;

void append_rows(const std::vector<Group>& groups, const Grader& grader, bool greedy,
                 std::string& text) {
  for (const Group& group : groups) {
    for (size_t i = 0; i < group.completions.size(); ++i) {
      const Completion& completion = group.completions[i];
      const Score& score = group.scores[i];
      nlohmann::json reasons;
      for (size_t c = 0; c < score.components.size(); ++c)
        reasons[grader.rubric().names()[c]] =
            reason_name(static_cast<Reason>(score.components[c].reason));
      const nlohmann::json row = {{"prompt", group.prompt.text},
                                  {"answer", group.prompt.answer},
                                  {"completion", grader.text_of(completion)},
                                  {"right", grader.is_right(score)},
                                  {"reward", score.total},
                                  {"reasons", reasons},
                                  {"tokens", completion.tokens.size()},
                                  {"truncated", completion.finish == Finish::length},
                                  {"greedy", greedy},
                                  {"source", group.prompt.source}};
      text += row.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    }
  }
}

// "math: no_answer 40, truncated 24", the most frequent first.
std::string reason_counts(const std::string& reward, const Metrics& metrics) {
  const std::string prefix = "reward/" + reward + "/reason/";
  std::vector<std::pair<double, std::string>> counts;
  for (const auto& [name, value] : metrics)
    if (name.starts_with(prefix)) counts.emplace_back(value, name.substr(prefix.size()));
  std::ranges::stable_sort(counts, [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string text = reward + ":";
  for (const auto& [count, reason] : counts)
    text += fmt::format("{} {} {:.0f}", text.back() == ':' ? "" : ",", reason, count);
  return text;
}

class EvalStage {
 public:
  EvalStage(StageContext& context, const EvalConfig& config) : context_(context), config_(config) {}

  // A model that was measured before the stage was stopped is not measured again.
  StageEnd run() {
    const size_t measured = num_measured();
    context_.metrics.cut_back(context_.name(), static_cast<int64_t>(measured));
    for (size_t i = measured; i < config_.models.size(); ++i) {
      evaluate(i);
      note_measured(i);
      const bool last = i + 1 == config_.models.size();
      if (!last && context_.interrupt.should_leave(context_.comm)) return StageEnd::interrupted;
    }
    if (context_.leader()) show_change();
    context_.finish("");
    return StageEnd::finished;
  }

 private:
  std::string rows_path(size_t model) const {
    return fmt::format("{}/eval/{}-{}.jsonl", context_.folder.path(), context_.name(),
                       label(model));
  }

  // A prompt that the first model fails and the last one solves, with both completions.
  void show_change() const {
    const size_t last = config_.models.size() - 1;
    if (last == 0 || !path_exists(rows_path(0)) || !path_exists(rows_path(last))) return;
    struct Failed {
      std::string prompt, completion;
    };
    std::vector<std::optional<Failed>> failed;  // by row; absent: right
    read_jsonl(rows_path(0), [&](const nlohmann::json& row, int64_t) {
      failed.emplace_back();
      if (!row.at("right").get<bool>()) failed.back() = {row.at("prompt"), row.at("completion")};
    });
    bool shown = false;
    read_jsonl(rows_path(last), [&](const nlohmann::json& row, int64_t line) {
      const auto place = static_cast<size_t>(line - 1);
      if (shown || place >= failed.size() || !failed[place] || !row.at("right").get<bool>() ||
          row.at("prompt") != failed[place]->prompt)
        return;
      shown = true;
      log_info("  {}, answer {}", one_line(failed[place]->prompt, kSampleWidth),
               one_line(row.at("answer"), kSampleWidth));
      log_info("    {:<16} [{}] wrong", label(0),
               one_line(failed[place]->completion, kSampleWidth));
      log_info("    {:<16} [{}] right", label(last), one_line(row.at("completion"), kSampleWidth));
    });
  }

  std::string label(size_t model) const {
    const std::string& name = config_.models[model];
    return name == "model" ? name : context_.model_name(name);
  }
  std::string mark(size_t model) const {
    return fmt::format("{}/measured-{}.json", context_.path(), label(model));
  }

  // Models at the front of the list whose mark is of these very weights, and whose row is there.
  size_t num_measured() const {
    const ConfigValues values = numeric_values(context_.config, context_.stage);
    int64_t count = 0;
    if (context_.leader()) {
      for (size_t i = 0; i < config_.models.size(); ++i, ++count) {
        const auto made = read_mark(mark(i));
        if (!made || made->values != values ||
            made->model != context_.model_id(config_.models[i]) ||
            !context_.metrics.has(context_.name(), count + 1) || !path_exists(rows_path(i)))
          break;
      }
    }
    context_.comm.all_reduce_max({&count, 1}, "models measured");
    return static_cast<size_t>(count);
  }

  void note_measured(size_t model) {
    context_.metrics.flush();  // the mark stands for the row
    if (!context_.leader()) return;
    make_folders(context_.path());
    write_mark(mark(model), {.model = context_.model_id(config_.models[model]),
                             .values = numeric_values(context_.config, context_.stage)});
  }

  void evaluate(size_t place) {
    const std::string& name = config_.models[place];
    const std::string label = this->label(place);
    const LoadedModel model = context_.model(name);
    const auto data = Dataset::load(config_.data, *model.tokenizer);
    GroupSampler sampler(model, context_.comm,
                         {.engine = config_.rollout.engine,
                          .rewards = config_.reward,
                          .stop_token_ids = config_.rollout.sampling.stop_token_ids,
                          .reward_workers = 1});
    const std::vector<Prompt> prompts = all_prompts(*data);
    const DrawScope scope = context_.scope(DrawUse::training);
    const std::vector<Group> sampled = sampler.sample(prompts, config_.rollout.sampling, scope);
    const PassRate rate = pass_at_1(sampled, sampler.grader());
    Metrics metrics = group_metrics(sampled, sampler.grader());
    metrics["pass_at_1"] = rate.mean;
    metrics["pass_at_1/low"] = rate.low;
    metrics["pass_at_1/high"] = rate.high;

    std::string rows;
    append_rows(sampled, sampler.grader(), false, rows);
    std::string greedy_text;
    if (config_.greedy && config_.rollout.sampling.temperature > 0) {
      SamplingConfig sampling = config_.rollout.sampling;
      sampling.temperature = 0;
      sampling.n = 1;
      const std::vector<Group> greedy = sampler.sample(prompts, sampling, scope);
      const PassRate greedy_rate = pass_at_1(greedy, sampler.grader());
      metrics["greedy/pass_at_1"] = greedy_rate.mean;
      metrics["greedy/pass_at_1/low"] = greedy_rate.low;
      metrics["greedy/pass_at_1/high"] = greedy_rate.high;
      append_rows(greedy, sampler.grader(), true, rows);
      greedy_text = fmt::format(", greedy {:.3f}", greedy_rate.mean);
    }
    if (context_.leader()) {
      make_folders(context_.folder.path() + "/eval");
      write_file_atomic(rows_path(place), rows);
    }
    context_.metrics.write(context_.name(), static_cast<int64_t>(place) + 1, metrics);
    log_info("  {:<16} pass@1 {:.3f} [{:.3f}, {:.3f}]{}, {:.1f} tokens, {} prompts x {}", label,
             rate.mean, rate.low, rate.high, greedy_text, metrics.at("response_length/mean"),
             rate.num_prompts, rate.num_samples / rate.num_prompts);
    for (const std::string& reward : sampler.grader().rubric().names())
      log_info("    {}", reason_counts(reward, metrics));
  }

  StageContext& context_;
  const EvalConfig& config_;
};

}  // namespace

StageEnd run_eval(StageContext& context, const EvalConfig& config) {
  return EvalStage(context, config).run();
}

}  // namespace cohort
