#include "rollout/engine/scheduler.h"

#include <algorithm>

#include "core/base/error.h"

namespace cohort {

using State = Sequence::State;

int64_t Scheduler::blocks_needed(const BlockManager& blocks, int64_t prompt_length,
                                 int64_t response_length) {
  // The prompt, and one sample beside it, whose last token is never computed. Full prompt blocks
  // are shared.
  return blocks.blocks_for(prompt_length) + blocks.blocks_for(prompt_length + response_length - 1) -
         prompt_length / blocks.block_size();
}

void Scheduler::add(GroupState& group) {
  COHORT_CHECK_EQ(group.index, static_cast<int64_t>(groups_.size()));
  groups_.push_back(&group);
  waiting_.insert(&group.root);
  ++num_unfinished_;
}

const StepPlan& Scheduler::plan() {
  plan_.items.clear();
  plan_.copies.clear();
  plan_.rows = 0;
  std::erase_if(running_, [](const Sequence* s) { return s->state != State::running; });
  const int64_t preemptions = num_preemptions_;
  continue_running();
  // Who has just lost its blocks would only get them back; but someone has to run.
  if (num_preemptions_ == preemptions || running_.empty()) admit_waiting();
  COHORT_CHECK(plan_.rows > 0, "{} running and {} waiting sequences, but no step", running_.size(),
               waiting_.size());
  return plan_;
}

void Scheduler::advance() {
  for (const StepItem& item : plan_.items) item.sequence->computed += item.count;
}

void Scheduler::continue_running() {
  // Eviction takes from the end, so what was scheduled before stays.
  for (size_t i = 0; i < running_.size() && rows_left() > 0; ++i)
    if (make_room(*running_[i])) schedule(*running_[i]);
}

void Scheduler::admit_waiting() {
  // A prompt will soon fill a seat with each of its samples.
  int64_t seats = 0;
  for (const Sequence* s : running_) seats += s->is_prompt() ? s->group->unfinished : 1;
  while (!waiting_.empty() && rows_left() > 0 && seats < config_.max_num_seqs) {
    Sequence& s = **waiting_.begin();
    if (!can_admit(s)) break;
    waiting_.erase(waiting_.begin());
    s.state = State::running;
    running_.insert(std::ranges::upper_bound(running_, &s, OlderThan()), &s);
    if (s.is_prompt()) {
      resident_.insert(s.group->index);
      seats += s.group->unfinished;
    } else {
      const Sequence& root = s.group->root;
      s.computed = root.computed;
      s.blocks = root.blocks;
      s.slots = root.slots;
      for (const int32_t block : s.blocks) blocks_.share(block);
      ++s.group->running;
      ++seats;
    }
    schedule(s);
  }
}

// Frees blocks for the rest of a running sequence; false when that took its own.
bool Scheduler::make_room(const Sequence& sequence) {
  while (missing_blocks(sequence) > blocks_.num_free()) {
    evict_youngest();
    if (sequence.state != State::running) return false;
  }
  return true;
}

bool Scheduler::can_admit(const Sequence& sequence) {
  int64_t needed =
      blocks_.blocks_for(sequence.length()) - static_cast<int64_t>(sequence.blocks.size());
  if (!sequence.is_prompt()) needed -= sequence.group->prompt_length() / blocks_.block_size();
  needed += static_cast<int64_t>(running_.size());  // the reserve
  while (blocks_.num_free() < needed)
    if (!release_idle_prompt(sequence.group->index)) return false;
  return true;
}

void Scheduler::evict_youngest() {
  COHORT_CHECK(!resident_.empty(), "a sequence runs without blocks");
  GroupState& group = *groups_[static_cast<size_t>(*resident_.rbegin())];
  if (group.root.state != State::running && group.running == 0) {
    release_prompt(group);
    return;
  }
  Sequence& youngest = *running_.back();
  COHORT_CHECK(youngest.group == &group, "the youngest sequence is not of the youngest group");
  running_.pop_back();
  ++num_preemptions_;
  if (youngest.is_prompt()) {
    release_prompt(group);
    return;
  }
  release_blocks(youngest);
  --group.running;
  youngest.state = State::waiting;
  waiting_.insert(&youngest);
}

// Takes the blocks of a prompt that none of its samples uses at the moment, of the youngest group.
// False when the youngest group is not younger than `index`, or is at work.
bool Scheduler::release_idle_prompt(int64_t index) {
  if (resident_.empty() || *resident_.rbegin() <= index) return false;
  GroupState& group = *groups_[static_cast<size_t>(*resident_.rbegin())];
  if (group.root.state == State::running || group.running > 0) return false;
  release_prompt(group);
  return true;
}

// The prompt will be computed again before its samples go on.
void Scheduler::release_prompt(GroupState& group) {
  release_blocks(group.root);
  resident_.erase(group.index);
  for (Sequence& sample : group.samples) waiting_.erase(&sample);
  group.root.state = State::waiting;
  waiting_.insert(&group.root);
}

void Scheduler::release_blocks(Sequence& sequence) {
  for (const int32_t block : sequence.blocks) blocks_.release(block);
  sequence.blocks.clear();
  sequence.slots.clear();
  sequence.computed = 0;
}

// Blocks that reserve() takes: new ones up to the known length, and one for a copy on write.
int64_t Scheduler::missing_blocks(const Sequence& s) const {
  const auto held = static_cast<int64_t>(s.blocks.size());
  const int64_t next = s.computed / blocks_.block_size();
  const bool copies = next < held && blocks_.references(s.blocks[static_cast<size_t>(next)]) > 1;
  return blocks_.blocks_for(s.length()) - held + copies;
}

void Scheduler::reserve(Sequence& s) {
  const int64_t size = blocks_.block_size();
  const auto next = static_cast<size_t>(s.computed / size);
  if (next < s.blocks.size() && blocks_.references(s.blocks[next]) > 1) {
    const int32_t from = s.blocks[next], to = blocks_.allocate();
    blocks_.release(from);  // its other holders keep it
    s.blocks[next] = to;
    plan_.copies.push_back({from, to, s.computed % size});
    s.slots.resize(next * static_cast<size_t>(size));
  }
  while (static_cast<int64_t>(s.blocks.size()) < blocks_.blocks_for(s.length()))
    s.blocks.push_back(blocks_.allocate());
  s.add_slots(s.length(), size);
}

void Scheduler::schedule(Sequence& sequence) {
  reserve(sequence);
  const int64_t count =
      std::min({sequence.length() - sequence.computed, config_.prefill_chunk, rows_left()});
  plan_.items.push_back({&sequence, count});
  plan_.rows += count;
}

void Scheduler::prompt_ready(GroupState& group) {
  group.root.state = State::done;
  for (Sequence& sample : group.samples)
    if (sample.state == State::waiting) waiting_.insert(&sample);
}

void Scheduler::finish(Sequence& sample) {
  GroupState& group = *sample.group;
  if (sample.state == State::running) --group.running;
  sample.state = State::done;
  release_blocks(sample);
  if (--group.unfinished > 0) return;
  release_blocks(group.root);
  resident_.erase(group.index);
  --num_unfinished_;
}

}  // namespace cohort
