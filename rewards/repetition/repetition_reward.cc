#include "rewards/repetition/repetition_reward.h"

#include <unordered_map>

#include "rewards/text/unicode.h"

namespace cohort {

namespace {

// Equal words have equal numbers, from 0.
std::vector<uint32_t> numbered_words(std::string_view text) {
  std::unordered_map<std::u32string, uint32_t> numbers;
  std::vector<uint32_t> words;
  std::u32string word;
  const auto end_word = [&] {
    if (word.empty()) return;
    words.push_back(numbers.try_emplace(word, static_cast<uint32_t>(numbers.size())).first->second);
    word.clear();
  };
  for (const char32_t c : visible_code_points(text)) {
    const Script script = letter_script(c);
    const bool alone =
        script == Script::han || script == Script::hiragana || script == Script::katakana;
    if (alone || is_blank(c)) end_word();
    if (!is_blank(c)) word.push_back(to_lower(c));
    if (alone) end_word();
  }
  end_word();
  return words;
}

class RepetitionReward : public CompletionReward {
 public:
  explicit RepetitionReward(const RepetitionSettings& settings) : settings_(settings) {}
  RewardResult score(const RewardInput& input) const override {
    const NgramCount count = count_ngrams(input.completion, settings_.ngram_size);
    if (count.total == 0) return {0, Verdict::not_applicable, Reason::too_few_words};
    if (count.distinct == count.total) return {0, Verdict::correct, Reason::ok};
    const double share = static_cast<double>(count.distinct) / static_cast<double>(count.total);
    return {settings_.max_penalty * (1 - share), Verdict::incorrect, Reason::repetition};
  }

 private:
  RepetitionSettings settings_;
};

}  // namespace

NgramCount count_ngrams(std::string_view text, int64_t n) {
  // An n-gram is the pair of the (n-1)-gram at its place and the word behind it.
  const std::vector<uint32_t> words = numbered_words(text);
  std::vector<uint32_t> grams = words;
  size_t distinct = 0;
  for (int64_t size = 1; size <= n; ++size) {
    const auto behind = static_cast<size_t>(size - 1);
    if (words.size() <= behind) return {};
    grams.resize(words.size() - behind);
    std::unordered_map<uint64_t, uint32_t> numbers;
    for (size_t i = 0; i < grams.size(); ++i) {
      const uint64_t pair = size == 1 ? words[i] : uint64_t{grams[i]} << 32 | words[i + behind];
      grams[i] = numbers.try_emplace(pair, static_cast<uint32_t>(numbers.size())).first->second;
    }
    distinct = numbers.size();
  }
  return {.distinct = static_cast<int64_t>(distinct), .total = static_cast<int64_t>(grams.size())};
}

void RepetitionSettings::describe(Fields& f) {
  f.field("ngram_size", ngram_size, "Words in an n-gram.", between_int(1, 64));
  f.field("max_penalty", max_penalty, "Value when every n-gram is the same, in the limit.",
          {.high = 0.0});
}

std::unique_ptr<Reward> RepetitionSettings::make() const {
  return std::make_unique<RepetitionReward>(*this);
}

}  // namespace cohort
