#include "rollout/recorder.h"

#include <algorithm>
#include <charconv>

#include "core/base/error.h"
#include "core/io/hdf5_file.h"

namespace cohort {

namespace {

// A reward component of every completion.
struct RewardColumn {
  std::vector<double> value;
  std::vector<uint8_t> verdict;
  std::vector<uint16_t> reason;
  std::vector<int32_t> test_case;
};

// The file's datasets, in memory. A row of `completion` is one completion.
struct Columns {
  std::vector<int64_t> ordinal, row, prompt_offsets = {0};
  std::vector<int32_t> prompt_tokens;
  std::vector<std::string> source, text, answer;

  std::vector<int64_t> prompt, offsets = {0};
  std::vector<int32_t> tokens;
  std::vector<float> logprob, logprob_sampled;
  std::vector<uint8_t> finish;
  std::vector<double> reward, punishment, advantage;  // empty when not known
  std::vector<RewardColumn> rewards;
};

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void add_prompt(Columns& c, const Prompt& prompt) {
  c.ordinal.push_back(prompt.ordinal);
  c.row.push_back(prompt.row);
  append(c.prompt_tokens, prompt.tokens);
  c.prompt_offsets.push_back(static_cast<int64_t>(c.prompt_tokens.size()));
  c.source.push_back(prompt.source);
  c.text.push_back(prompt.text);
  c.answer.push_back(prompt.answer);
}

void add_completion(Columns& c, const Completion& completion) {
  COHORT_CHECK_EQ(completion.logprob.size(), completion.tokens.size());
  COHORT_CHECK_EQ(completion.logprob_sampled.size(), completion.tokens.size());
  c.prompt.push_back(static_cast<int64_t>(c.ordinal.size()) - 1);
  append(c.tokens, completion.tokens);
  append(c.logprob, completion.logprob);
  append(c.logprob_sampled, completion.logprob_sampled);
  c.offsets.push_back(static_cast<int64_t>(c.tokens.size()));
  c.finish.push_back(static_cast<uint8_t>(completion.finish));
}

void add_score(Columns& c, const Score& score) {
  COHORT_CHECK_EQ(score.components.size(), c.rewards.size());
  c.reward.push_back(score.total);
  c.punishment.push_back(score.punishment);
  for (size_t i = 0; i < score.components.size(); ++i) {
    c.rewards[i].value.push_back(score.components[i].value);
    c.rewards[i].verdict.push_back(score.components[i].verdict);
    c.rewards[i].reason.push_back(score.components[i].reason);
    c.rewards[i].test_case.push_back(score.components[i].test_case);
  }
}

Columns to_columns(const RolloutInfo& info, const std::vector<Group>& groups) {
  std::vector<const Group*> sorted;
  for (const Group& group : groups) sorted.push_back(&group);
  std::ranges::sort(sorted, {}, [](const Group* group) { return group->prompt.ordinal; });

  Columns c;
  c.rewards.resize(info.rewards.size());
  for (const Group* group : sorted) {
    add_prompt(c, group->prompt);
    for (const Completion& completion : group->completions) add_completion(c, completion);
    for (const Score& score : group->scores) add_score(c, score);
    append(c.advantage, group->advantages);
  }
  for (const auto* known : {&c.reward, &c.advantage})
    COHORT_CHECK(known->empty() || known->size() == c.prompt.size(),
                 "{} of {} completions are graded", known->size(), c.prompt.size());
  return c;
}

}  // namespace

void write_groups(const std::string& path, const RolloutInfo& info,
                  const std::vector<Group>& groups) {
  const Columns c = to_columns(info, groups);
  const auto file = Hdf5File::create(path);
  file->write_i64("prompt/ordinal", c.ordinal);
  file->write_i64("prompt/row", c.row);
  file->write_i64("prompt/offsets", c.prompt_offsets);
  file->write_i32("prompt/tokens", c.prompt_tokens);
  file->write_strings("prompt/source", c.source);
  file->write_strings("prompt/text", c.text);
  file->write_strings("prompt/answer", c.answer);
  file->write_i64("completion/prompt", c.prompt);
  file->write_i64("completion/offsets", c.offsets);
  file->write_i32("completion/tokens", c.tokens);
  file->write_f32("completion/logprob", c.logprob);
  file->write_f32("completion/logprob_sampled", c.logprob_sampled);
  file->write_u8("completion/finish", c.finish);
  if (!c.advantage.empty()) file->write_f64("completion/advantage", c.advantage);
  if (!c.reward.empty()) {
    file->write_f64("completion/reward", c.reward);
    if (std::ranges::any_of(c.punishment, [](double p) { return p != 0; }))
      file->write_f64("completion/punishment", c.punishment);
    for (size_t i = 0; i < info.rewards.size(); ++i) {
      const std::string group = "reward/" + info.rewards[i];
      file->write_f64(group + "/value", c.rewards[i].value);
      file->write_u8(group + "/verdict", c.rewards[i].verdict);
      file->write_u16(group + "/reason", c.rewards[i].reason);
      if (std::ranges::any_of(c.rewards[i].test_case, [](int32_t t) { return t != 0; }))
        file->write_i32(group + "/test_case", c.rewards[i].test_case);
    }
  }
  file->write_strings("rewards", info.rewards);
  file->write_attribute("/", "stage", info.stage);
  file->write_attribute("/", "step", std::to_string(info.step));
  file->write_attribute("/", "seed", std::to_string(info.seed));
  file->write_attribute("/", "temperature", fmt::format("{}", info.temperature));
  file->commit();
}

namespace {

// Reads datasets and holds them to one another: a file may come from anywhere.
class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path), file_(Hdf5File::open(path)) {}

  Columns columns(const RolloutInfo& info) const {
    Columns c;
    c.ordinal = file_->read_i64("prompt/ordinal");
    c.row = sized("prompt/row", file_->read_i64("prompt/row"), c.ordinal.size());
    c.prompt_tokens = file_->read_i32("prompt/tokens");
    c.prompt_offsets = offsets("prompt/offsets", c.ordinal.size(), c.prompt_tokens.size());
    c.source = sized("prompt/source", file_->read_strings("prompt/source"), c.ordinal.size());
    c.text = sized("prompt/text", file_->read_strings("prompt/text"), c.ordinal.size());
    c.answer = sized("prompt/answer", file_->read_strings("prompt/answer"), c.ordinal.size());

    c.prompt = file_->read_i64("completion/prompt");
    const size_t n = c.prompt.size();
    for (size_t i = 0; i < n; ++i)
      check("completion/prompt", c.prompt[i] >= (i ? c.prompt[i - 1] : 0) &&
                                     c.prompt[i] < static_cast<int64_t>(c.ordinal.size()));
    c.tokens = file_->read_i32("completion/tokens");
    c.offsets = offsets("completion/offsets", n, c.tokens.size());
    c.logprob = sized("completion/logprob", file_->read_f32("completion/logprob"), c.tokens.size());
    c.logprob_sampled = sized("completion/logprob_sampled",
                              file_->read_f32("completion/logprob_sampled"), c.tokens.size());
    c.finish = sized("completion/finish", file_->read_u8("completion/finish"), n);
    for (const uint8_t finish : c.finish)
      check("completion/finish", finish <= static_cast<uint8_t>(Finish::length));
    if (file_->has("completion/advantage"))
      c.advantage = sized("completion/advantage", file_->read_f64("completion/advantage"), n);
    if (!file_->has("completion/reward")) return c;
    c.reward = sized("completion/reward", file_->read_f64("completion/reward"), n);
    c.punishment.assign(n, 0.0);
    if (file_->has("completion/punishment"))
      c.punishment = sized("completion/punishment", file_->read_f64("completion/punishment"), n);
    for (const std::string& name : info.rewards) {
      const std::string group = "reward/" + name;
      c.rewards.push_back({sized(group + "/value", file_->read_f64(group + "/value"), n),
                           sized(group + "/verdict", file_->read_u8(group + "/verdict"), n),
                           sized(group + "/reason", file_->read_u16(group + "/reason"), n),
                           std::vector<int32_t>(n, 0)});
      if (file_->has(group + "/test_case"))
        c.rewards.back().test_case =
            sized(group + "/test_case", file_->read_i32(group + "/test_case"), n);
    }
    return c;
  }

  RolloutInfo info() const {
    RolloutInfo info;
    info.stage = file_->read_attribute("/", "stage");
    info.step = number<int64_t>("step");
    info.seed = number<uint64_t>("seed");
    info.temperature = number<double>("temperature");
    info.rewards = file_->read_strings("rewards");
    return info;
  }

 private:
  void check(const std::string& dataset, bool holds) const {
    if (!holds) throw_error<InputError>("{}: {} does not fit the other datasets", path_, dataset);
  }
  template <class T>
  std::vector<T> sized(const std::string& dataset, std::vector<T> values, size_t expected) const {
    check(dataset, values.size() == expected);
    return values;
  }
  std::vector<int64_t> offsets(const std::string& dataset, size_t rows, size_t end) const {
    auto values = sized(dataset, file_->read_i64(dataset), rows + 1);
    check(dataset, values.front() == 0 && values.back() == static_cast<int64_t>(end) &&
                       std::ranges::is_sorted(values));
    return values;
  }
  template <class T>
  T number(const std::string& attribute) const {
    const std::string text = file_->read_attribute("/", attribute);
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
      throw_error<InputError>("{}: attribute {} is \"{}\", expected a number", path_, attribute,
                              text);
    return value;
  }

  std::string path_;
  std::unique_ptr<Hdf5File> file_;
};

template <class T>
std::vector<T> slice(const std::vector<T>& values, const std::vector<int64_t>& offsets, size_t i) {
  return {values.begin() + offsets[i], values.begin() + offsets[i + 1]};
}

}  // namespace

RolloutFile read_groups(const std::string& path) {
  const Reader reader(path);
  RolloutFile result{.info = reader.info(), .groups = {}};
  const Columns c = reader.columns(result.info);
  result.groups.resize(c.ordinal.size());
  for (size_t i = 0; i < c.ordinal.size(); ++i)
    result.groups[i].prompt = {.ordinal = c.ordinal[i],
                               .row = c.row[i],
                               .source = c.source[i],
                               .text = c.text[i],
                               .answer = c.answer[i],
                               .tokens = slice(c.prompt_tokens, c.prompt_offsets, i)};
  for (size_t i = 0; i < c.prompt.size(); ++i) {
    Group& group = result.groups[static_cast<size_t>(c.prompt[i])];
    group.completions.push_back({.tokens = slice(c.tokens, c.offsets, i),
                                 .logprob = slice(c.logprob, c.offsets, i),
                                 .logprob_sampled = slice(c.logprob_sampled, c.offsets, i),
                                 .finish = static_cast<Finish>(c.finish[i]),
                                 .text = {}});
    if (!c.advantage.empty()) group.advantages.push_back(c.advantage[i]);
    if (c.reward.empty()) continue;
    Score& score = group.scores.emplace_back(
        Score{.total = c.reward[i], .punishment = c.punishment[i], .components = {}});
    for (const RewardColumn& reward : c.rewards)
      score.components.push_back(
          {reward.value[i], reward.verdict[i], reward.reason[i], reward.test_case[i]});
  }
  return result;
}

}  // namespace cohort
