#include "trainer/grading.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "core/base/error.h"
#include "core/base/log.h"
#include "trainer/progress.h"

namespace cohort {
namespace {

// A template may end inside <think>: what it opened belongs to what is graded.
std::string opened_by_prompt(const std::string& prompt) {
  constexpr std::string_view kThink = "<think>";
  const size_t at = prompt.rfind(kThink);
  if (at == std::string::npos) return "";
  const bool only_blanks =
      prompt.find_first_not_of(" \t\r\n", at + kThink.size()) == std::string::npos;
  return only_blanks ? prompt.substr(at) : "";
}

}  // namespace

Grader::Grader(const std::vector<RewardConfig>& rewards, std::shared_ptr<const Tokenizer> tokenizer,
               std::vector<int64_t> stop_ids)
    : rubric_(rewards), tokenizer_(std::move(tokenizer)), stop_ids_(std::move(stop_ids)) {}

std::string Grader::text_of(const Completion& completion) const {
  std::span<const int32_t> tokens = completion.tokens;
  if (completion.finish == Finish::stop && !tokens.empty() &&
      std::find(stop_ids_.begin(), stop_ids_.end(), tokens.back()) != stop_ids_.end())
    tokens = tokens.first(tokens.size() - 1);
  return tokenizer_->decode(tokens);
}

void Grader::grade(Group& group) const {
  group.scores.clear();
  const std::string opened = opened_by_prompt(group.prompt.text);
  std::vector<std::string> texts;
  for (const Completion& completion : group.completions)
    texts.push_back(opened + text_of(completion));
  std::vector<RewardInput> inputs;
  for (size_t i = 0; i < texts.size(); ++i)
    inputs.push_back({.prompt = group.prompt.text,
                      .completion = texts[i],
                      .answer = group.prompt.answer,
                      .truncated = group.completions[i].finish == Finish::length,
                      .tokens = static_cast<int64_t>(group.completions[i].tokens.size())});
  for (const Rubric::Scored& scored : rubric_.score_group(inputs)) {
    Score score{.total = scored.total, .components = {}};
    for (const RewardResult& result : scored.components)
      score.components.push_back({.value = result.value,
                                  .verdict = static_cast<uint8_t>(result.verdict),
                                  .reason = static_cast<uint16_t>(result.reason),
                                  .test_case = result.test_case});
    group.scores.push_back(std::move(score));
  }
}

bool Grader::is_right(const Score& score) const {
  const int component = rubric_.accuracy_component();
  if (component < 0) return score.total > 0;
  return score.components[static_cast<size_t>(component)].verdict ==
         static_cast<uint8_t>(Verdict::correct);
}

std::string Grader::undecided_reason(const Group& group) const {
  const int accuracy = rubric_.accuracy_component();
  for (const Score& score : group.scores)
    for (size_t c = 0; c < score.components.size(); ++c)
      if ((accuracy < 0 || static_cast<int>(c) == accuracy) &&
          score.components[c].verdict == static_cast<uint8_t>(Verdict::undecided))
        return fmt::format("{} {}", rubric_.names()[c],
                           reason_name(static_cast<Reason>(score.components[c].reason)));
  return "";
}

Grader::GoldCheck Grader::check_gold(const Dataset& data) const {
  GoldCheck check;
  const int component = rubric_.accuracy_component();
  if (component < 0) return check;
  const Reward& reward = rubric_.component(static_cast<size_t>(component));
  for (int64_t i = 0; i < data.size(); ++i) {
    const Row& row = data.row(i);
    const RewardResult result = reward.score_gold({.prompt = row.prompt, .answer = row.answer});
    if (result.verdict != Verdict::correct) {
      check.bad.push_back({i, reason_text(result)});
    } else if (result.reason == Reason::not_simplifiable) {
      check.repeated.push_back({i, reason_text(result)});
    }
  }
  return check;
}

namespace {

// "train.jsonl:7 "answer" (gold_unparsable), ..."
std::string listed(const Dataset& data, const std::vector<Grader::GoldRow>& rows) {
  constexpr size_t kListed = 10, kWidth = 40;
  std::string text;
  for (size_t i = 0; i < std::min(rows.size(), kListed); ++i) {
    const Row& row = data.row(rows[i].row);
    text +=
        fmt::format("{}{} {}", i > 0 ? ", " : "", row.source,
                    row.answer.empty()
                        ? "has none (data.answer_key)"
                        : fmt::format("\"{}\" ({})", one_line(row.answer, kWidth), rows[i].reason));
  }
  return text + (rows.size() > kListed ? ", ..." : "");
}

}  // namespace

std::vector<int64_t> check_gold(const std::string& stage, const Grader& grader, const Dataset& data,
                                const std::string& on_bad) {
  const Grader::GoldCheck check = grader.check_gold(data);
  if (!check.repeated.empty())
    log_warning("{}: {} of {} gold answers equal nothing but their own repetition: {}", stage,
                check.repeated.size(), data.size(), listed(data, check.repeated));
  std::vector<int64_t> bad;
  for (const Grader::GoldRow& gold : check.bad) bad.push_back(gold.row);
  if (bad.empty()) return bad;
  const bool all = static_cast<int64_t>(bad.size()) == data.size();
  if (on_bad == "stop" || all)
    throw_error<InputError>(
        "{}: {} of {} gold answers are not accepted by their own reward: {}{}", stage, bad.size(),
        data.size(), listed(data, check.bad),
        all ? "" : "; mend them, or drop their rows with data.on_bad_gold: drop");
  log_warning("{}: {} of {} rows {}, their own reward does not accept the gold answer: {}", stage,
              bad.size(), data.size(), on_bad == "drop" ? "dropped" : "can never be right",
              listed(data, check.bad));
  return bad;
}

struct GradingPool::Impl {
  explicit Impl(const Grader& g) : grader(g) {}

  const Grader& grader;
  std::mutex mutex;
  std::condition_variable work, idle;
  std::deque<Group> waiting;
  std::vector<Group> graded;
  size_t in_flight = 0;  // submitted and not yet graded
  std::exception_ptr error;
  bool closing = false;
  std::vector<std::thread> threads;

  void serve() {
    std::unique_lock lock(mutex);
    while (true) {
      work.wait(lock, [&] { return closing || !waiting.empty(); });
      if (waiting.empty()) return;
      Group group = std::move(waiting.front());
      waiting.pop_front();
      lock.unlock();
      std::exception_ptr failed;
      try {
        grader.grade(group);
      } catch (...) {
        failed = std::current_exception();
      }
      lock.lock();
      if (failed && !error) error = failed;
      graded.push_back(std::move(group));
      if (--in_flight == 0) idle.notify_all();
    }
  }
};

GradingPool::GradingPool(const Grader& grader, int64_t workers)
    : impl_(std::make_unique<Impl>(grader)) {
  for (int64_t i = 0; i < workers; ++i) impl_->threads.emplace_back([this] { impl_->serve(); });
}

GradingPool::~GradingPool() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->closing = true;
  }
  impl_->work.notify_all();
  for (std::thread& thread : impl_->threads) thread.join();
}

void GradingPool::submit(Group&& group) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->waiting.push_back(std::move(group));
    ++impl_->in_flight;
  }
  impl_->work.notify_one();
}

std::vector<Group> GradingPool::take(const std::function<void()>& waiting) {
  std::unique_lock lock(impl_->mutex);
  while (!impl_->idle.wait_for(lock, std::chrono::milliseconds(20),
                               [&] { return impl_->in_flight == 0; }))
    if (waiting) waiting();
  if (impl_->error) std::rethrow_exception(std::exchange(impl_->error, nullptr));
  return std::exchange(impl_->graded, {});
}

}  // namespace cohort
