#include <numeric>

#include "core/base/error.h"
#include "core/base/rng.h"
#include "rollout/data/dataset.h"

namespace cohort {

PromptStream::PromptStream(std::shared_ptr<const Dataset> data, uint64_t seed, uint32_t stage,
                           bool shuffle)
    : data_(std::move(data)), seed_(seed), stage_(stage), shuffle_(shuffle) {
  COHORT_CHECK(data_->size() > 0, "a stream needs rows");
}

int64_t PromptStream::row_of(int64_t ordinal) const {
  const int64_t epoch = ordinal / data_->size(), place = ordinal % data_->size();
  if (!shuffle_) return place;
  if (epoch != epoch_) {
    order_ = shuffled_order(data_->size(), seed_, stage_, static_cast<uint64_t>(epoch));
    epoch_ = epoch;
  }
  return order_[static_cast<size_t>(place)];
}

Prompt PromptStream::at(int64_t ordinal) const {
  Prompt prompt;
  prompt.ordinal = ordinal;
  prompt.row = row_of(ordinal);
  const Row& row = data_->row(prompt.row);
  prompt.source = row.source;
  prompt.text = row.prompt;
  prompt.answer = row.answer;
  prompt.tokens = row.prompt_tokens;
  return prompt;
}

}  // namespace cohort
