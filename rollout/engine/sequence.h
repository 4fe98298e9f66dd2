// What the scheduler deals with: a group in progress is its prompt, as a sequence of its own, and n
// sequences that continue it.
#pragma once

#include <cstdint>
#include <vector>

#include "rollout/types.h"

namespace cohort {

struct GroupState;

struct Sequence {
  enum class State : uint8_t { waiting, running, done };

  GroupState* group = nullptr;
  int32_t sample = 0;  // kPrompt: the prompt itself
  State state = State::waiting;
  // Keys and values of its first `computed` tokens are in the cache: token i in slots[i], which
  // lies in blocks[i / block_size].
  int64_t computed = 0;
  std::vector<int32_t> blocks;
  std::vector<int32_t> slots;
  Completion
      completion;  // drawn so far; never shrinks, so a preempted sequence draws nothing again

  static constexpr int32_t kPrompt = -1;
  bool is_prompt() const { return sample == kPrompt; }
  int64_t length() const;  // tokens known: the prompt's and its own
  int32_t token(int64_t i) const;
  void add_slots(int64_t end, int64_t block_size);  // of the tokens before `end`, in its blocks
};

// What is left in the cache of a sequence that has ended: keys and values of its tokens, token i in
// blocks[i / block_size].
struct KeptSequence {
  std::vector<int32_t> tokens;
  std::vector<int32_t> blocks;
};

struct GroupState {
  GroupState(int64_t index, Prompt prompt, int64_t n);
  GroupState(const GroupState&) = delete;
  GroupState& operator=(const GroupState&) = delete;

  int64_t index;  // age: the smaller, the older
  Prompt prompt;
  Sequence root;  // the prompt; its blocks are shared by the samples
  std::vector<Sequence> samples;
  int64_t unfinished;   // samples
  int64_t running = 0;  // samples

  int64_t prompt_length() const { return static_cast<int64_t>(prompt.tokens.size()); }
};

inline int64_t Sequence::length() const {
  return group->prompt_length() + static_cast<int64_t>(completion.tokens.size());
}

inline int32_t Sequence::token(int64_t i) const {
  const int64_t in_completion = i - group->prompt_length();
  return in_completion < 0 ? group->prompt.tokens[static_cast<size_t>(i)]
                           : completion.tokens[static_cast<size_t>(in_completion)];
}

inline void Sequence::add_slots(int64_t end, int64_t block_size) {
  for (auto i = static_cast<int64_t>(slots.size()); i < end; ++i)
    slots.push_back(static_cast<int32_t>(blocks[static_cast<size_t>(i / block_size)] * block_size +
                                         i % block_size));
}

inline GroupState::GroupState(int64_t index, Prompt p, int64_t n)
    : index(index), prompt(std::move(p)), samples(static_cast<size_t>(n)), unfinished(n) {
  root.group = this;
  root.sample = Sequence::kPrompt;
  for (int32_t i = 0; i < n; ++i) {
    samples[static_cast<size_t>(i)].group = this;
    samples[static_cast<size_t>(i)].sample = i;
  }
}

// Oldest first: groups in order, a prompt before its samples.
struct OlderThan {
  bool operator()(const Sequence* a, const Sequence* b) const {
    if (a->group->index != b->group->index) return a->group->index < b->group->index;
    return a->sample < b->sample;
  }
};

}  // namespace cohort
