// Which tokens the next step computes, and in which blocks their keys and values go. It only
// counts: results do not depend on its decisions, because every kernel gives a row the same bits in
// any batch.
//
//   1. Running sequences, oldest first, continue: one token when decoding, up to a chunk when
//   catching up. When blocks run
//      out the youngest loses its blocks and waits; its tokens are kept and their keys computed
//      again later.
//   2. Waiting sequences are admitted oldest first while seats, rows and blocks last. One block for
//   every
//      running sequence stays in reserve, or the newcomer would soon be thrown out again.
//
// A prompt is a sequence of its own. Its samples start when it is computed: they share its blocks,
// and copy the partly filled last one before they write to it. The prompt keeps its blocks until
// its group is complete or room is needed.
#pragma once

#include <set>
#include <vector>

#include "rollout/engine/block_manager.h"
#include "rollout/engine/engine.h"
#include "rollout/engine/sequence.h"

namespace cohort {

struct StepItem {
  Sequence* sequence;
  int64_t count;  // tokens [computed, computed + count) of the sequence
};

// The first `slots` slots of block `from` must be in block `to` before the step writes.
struct BlockCopy {
  int32_t from, to;
  int64_t slots;
};

struct StepPlan {
  std::vector<StepItem> items;
  std::vector<BlockCopy> copies;
  int64_t rows = 0;
};

class Scheduler {
 public:
  Scheduler(const EngineConfig& config, BlockManager& blocks) : config_(config), blocks_(blocks) {}

  // Groups come in order of their index from 0; each fits: blocks_needed(...) <= the number of
  // blocks. A prompt may hold blocks already, with its first `computed` tokens, if it is the only
  // one.
  void add(GroupState& group);
  static int64_t blocks_needed(const BlockManager& blocks, int64_t prompt_length,
                               int64_t response_length);

  // The next step, never empty. The caller computes it and calls advance().
  const StepPlan& plan();
  void advance();
  // The prompt is computed, and its samples have their first token: they may start.
  void prompt_ready(GroupState& group);
  // The sample needs no further step.
  void finish(Sequence& sample);

  bool done() const { return num_unfinished_ == 0; }
  int64_t num_preemptions() const { return num_preemptions_; }

 private:
  void continue_running();
  void admit_waiting();
  bool make_room(const Sequence& sequence);
  bool can_admit(const Sequence& sequence);
  void evict_youngest();
  bool release_idle_prompt(int64_t older_than_this);
  void release_prompt(GroupState& group);
  void release_blocks(Sequence& sequence);
  int64_t missing_blocks(const Sequence& sequence) const;
  void reserve(Sequence& sequence);
  void schedule(Sequence& sequence);
  int64_t rows_left() const { return config_.max_num_batched_tokens - plan_.rows; }

  EngineConfig config_;
  BlockManager& blocks_;
  std::vector<GroupState*> groups_;  // by index
  std::vector<Sequence*> running_;   // oldest first
  std::set<Sequence*, OlderThan> waiting_;
  std::set<int64_t> resident_;  // groups whose prompt holds blocks
  StepPlan plan_;
  int64_t num_unfinished_ = 0;  // groups
  int64_t num_preemptions_ = 0;
};

}  // namespace cohort
