#include "rollout/engine/scheduler.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "core/base/error.h"
#include "core/base/rng.h"

namespace cohort {
namespace {

// Runs a scheduler with a cache that records, instead of numbers, whose token each slot holds. A
// step may read a slot only when it holds what the sequence thinks it does.
class SimulatedEngine {
 public:
  SimulatedEngine(const EngineConfig& config, int64_t num_blocks)
      : config_(config), blocks_(num_blocks, config.block_size), scheduler_(config, blocks_) {}

  // Sample i of the group draws lengths[i] tokens.
  void add(int64_t prompt_length, const std::vector<int64_t>& lengths) {
    Prompt prompt;
    prompt.tokens.resize(static_cast<size_t>(prompt_length));
    groups_.push_back(std::make_unique<GroupState>(static_cast<int64_t>(groups_.size()),
                                                   std::move(prompt),
                                                   static_cast<int64_t>(lengths.size())));
    lengths_.push_back(lengths);
    scheduler_.add(*groups_.back());
  }

  void run() {
    while (!scheduler_.done()) {
      ASSERT_LT(++steps, 100000) << "no end in sight";
      step();
      if (::testing::Test::HasFatalFailure()) return;
    }
    for (size_t g = 0; g < groups_.size(); ++g)
      for (size_t i = 0; i < lengths_[g].size(); ++i)
        EXPECT_EQ(static_cast<int64_t>(groups_[g]->samples[i].completion.tokens.size()),
                  lengths_[g][i]);
    EXPECT_EQ(blocks_.num_free(), blocks_.num_blocks()) << "blocks leak";
  }

  void step() {
    const StepPlan plan = scheduler_.plan();
    check_limits(plan);
    for (const BlockCopy& copy : plan.copies)
      for (int64_t i = 0; i < copy.slots; ++i)
        content_[slot(copy.to, i)] = content_.at(slot(copy.from, i));
    std::set<int32_t> written;
    for (const StepItem& item : plan.items) {
      const Sequence& s = *item.sequence;
      for (int64_t i = s.computed; i < s.computed + item.count; ++i) {
        ASSERT_TRUE(written.insert(s.slots[i]).second) << "two rows write one slot";
        ASSERT_EQ(blocks_.references(s.slots[i] / static_cast<int32_t>(config_.block_size)), 1)
            << "a shared block is written";
        content_[s.slots[i]] = owner(s, i);
      }
    }
    for (const StepItem& item : plan.items)
      for (int64_t i = 0; i < item.sequence->computed + item.count; ++i)
        ASSERT_EQ(content_.at(item.sequence->slots[i]), owner(*item.sequence, i));
    scheduler_.advance();
    preemptions = scheduler_.num_preemptions();
    for (const StepItem& item : plan.items) draw(*item.sequence);
  }

  Scheduler& scheduler() { return scheduler_; }
  BlockManager& blocks() { return blocks_; }
  GroupState& group(size_t i) { return *groups_[i]; }

  int64_t steps = 0, preemptions = 0, most_running = 0, rows = 0;

 private:
  struct Owner {
    int64_t group, sample, token;
    bool operator==(const Owner&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const Owner& o) {
      return out << o.group << "/" << o.sample << "/" << o.token;
    }
  };
  static Owner owner(const Sequence& s, int64_t i) {
    return {s.group->index, i < s.group->prompt_length() ? -1 : s.sample, i};
  }
  int32_t slot(int32_t block, int64_t i) const {
    return static_cast<int32_t>(block * config_.block_size + i);
  }

  void check_limits(const StepPlan& plan) {
    int64_t planned = 0, samples = 0;
    std::set<const Sequence*> once;
    for (const StepItem& item : plan.items) {
      planned += item.count;
      samples += !item.sequence->is_prompt();
      ASSERT_TRUE(once.insert(item.sequence).second);
      ASSERT_GE(item.count, 1);
      ASSERT_LE(item.count, config_.prefill_chunk);
    }
    ASSERT_EQ(planned, plan.rows);
    ASSERT_LE(plan.rows, config_.max_num_batched_tokens);
    ASSERT_LE(samples, config_.max_num_seqs);
    most_running = std::max(most_running, samples);
    rows += plan.rows;
  }

  void draw(Sequence& s) {
    if (s.computed < s.length()) return;
    if (!s.is_prompt()) return append(s);
    if (s.group->samples[0].completion.tokens.empty())
      for (Sequence& sample : s.group->samples) append(sample);
    scheduler_.prompt_ready(*s.group);
  }
  void append(Sequence& sample) {
    sample.completion.tokens.push_back(0);
    const auto& lengths = lengths_[static_cast<size_t>(sample.group->index)];
    if (static_cast<int64_t>(sample.completion.tokens.size()) ==
        lengths[static_cast<size_t>(sample.sample)])
      scheduler_.finish(sample);
  }

  EngineConfig config_;
  BlockManager blocks_;
  Scheduler scheduler_;
  std::vector<std::unique_ptr<GroupState>> groups_;
  std::vector<std::vector<int64_t>> lengths_;
  std::map<int32_t, Owner> content_;
};

EngineConfig config_of(int64_t max_num_seqs, int64_t rows, int64_t chunk, int64_t block_size) {
  EngineConfig config;
  config.max_num_seqs = max_num_seqs;
  config.max_num_batched_tokens = rows;
  config.prefill_chunk = chunk;
  config.block_size = block_size;
  return config;
}

TEST(Scheduler, AGroupSharesItsPromptAndCopiesTheLastBlockOnWrite) {
  SimulatedEngine engine(config_of(8, 100, 100, 4), 32);
  engine.add(10, {5, 5, 1});  // two full blocks and half of one
  engine.step();              // the prompt
  EXPECT_EQ(engine.blocks().num_free(), 29);
  engine.step();  // the two samples that go on: a copy of the half block each
  const GroupState& group = engine.group(0);
  EXPECT_EQ(engine.blocks().num_free(), 27);
  EXPECT_EQ(engine.blocks().references(group.root.blocks[0]), 3);
  EXPECT_EQ(engine.blocks().references(group.root.blocks[2]), 1);
  EXPECT_EQ(group.samples[0].blocks[1], group.samples[1].blocks[1]);
  EXPECT_NE(group.samples[0].blocks[2], group.samples[1].blocks[2]);
  EXPECT_TRUE(group.samples[2].blocks.empty());
  engine.run();
}

TEST(Scheduler, APromptOfWholeBlocksNeedsNoCopy) {
  SimulatedEngine engine(config_of(8, 100, 100, 4), 32);
  engine.add(8, {5, 5});
  engine.step();
  EXPECT_TRUE(engine.scheduler().plan().copies.empty());
}

TEST(Scheduler, FinishedRowsAreReplacedAtOnce) {
  SimulatedEngine engine(config_of(4, 100, 100, 4), 1000);
  for (int i = 0; i < 50; ++i) engine.add(3, {2, 9});
  engine.run();
  EXPECT_EQ(engine.most_running, 4);
  // 50 * (1 + 8) decode rows at four a step, and a little for prompts and the end.
  EXPECT_LE(engine.steps, 50 * 9 / 4 + 25);
}

TEST(Scheduler, LongPromptsAreChunkedBesideDecodingRows) {
  SimulatedEngine engine(config_of(8, 24, 16, 4), 200);
  engine.add(5, {60});
  engine.add(100, {3, 3});
  engine.step();  // 5 of the first prompt, 16 of the second
  engine.step();  // the first decodes beside the second's next chunk
  EXPECT_EQ(engine.group(0).samples[0].computed, 6);
  EXPECT_EQ(engine.group(1).root.computed, 32);
  engine.run();
}

TEST(Scheduler, PreemptsTheYoungestWhenBlocksRunOut) {
  // Room for both prompts and their reserve, not for both to the end.
  SimulatedEngine engine(config_of(8, 100, 100, 4), 12);
  engine.add(4, {24});
  engine.add(4, {24});
  while (engine.preemptions == 0) engine.step();
  EXPECT_EQ(engine.group(0).samples[0].state, Sequence::State::running);
  EXPECT_EQ(engine.group(1).samples[0].state, Sequence::State::waiting);
  EXPECT_EQ(engine.group(1).samples[0].computed, 0);
  EXPECT_GT(engine.group(1).samples[0].completion.tokens.size(), 1u);  // kept
  engine.run();
}

TEST(Scheduler, AnEvictedPromptIsComputedAgainAndDrawsNothingTwice) {
  // As small as it may be: one sample at a time beside its prompt.
  const int64_t smallest = Scheduler::blocks_needed(BlockManager(1, 4), 6, 30);
  SimulatedEngine engine(config_of(8, 100, 100, 4), smallest);
  engine.add(6, {30, 30, 30});
  engine.add(6, {30, 30});
  engine.run();
  EXPECT_GT(engine.preemptions, 0);
}

TEST(Scheduler, OneBlockTooFewIsNoticed) {
  const int64_t smallest = Scheduler::blocks_needed(BlockManager(1, 4), 6, 30);
  SimulatedEngine engine(config_of(8, 100, 100, 4), smallest - 1);
  engine.add(6, {30});
  EXPECT_THROW(engine.run(), CheckError);
}

TEST(Scheduler, AnyShapeOfWorkEndsWithEverySlotInPlace) {
  DrawStream draws({.seed = 7, .kind = DrawKind::data});
  const auto between = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(draws.next_below(static_cast<uint64_t>(high - low + 1)));
  };
  int64_t preemptions = 0;
  for (int round = 0; round < 150; ++round) {
    const int64_t block_size =
        std::array<int64_t, 4>{1, 4, 8, 16}[static_cast<size_t>(between(0, 3))];
    const int64_t seqs = between(1, 12);
    const EngineConfig config = config_of(seqs, seqs + between(0, 40), between(1, 20), block_size);
    struct Work {
      int64_t prompt;
      std::vector<int64_t> lengths;
    };
    std::vector<Work> work;
    int64_t smallest = 0;
    for (int64_t groups = between(1, 8), g = 0; g < groups; ++g) {
      work.push_back({between(1, 30), {}});
      int64_t longest = 1;
      for (int64_t n = between(1, 6), i = 0; i < n; ++i) {
        work.back().lengths.push_back(between(1, 25));
        longest = std::max(longest, work.back().lengths.back());
      }
      smallest = std::max(smallest, Scheduler::blocks_needed(BlockManager(1, block_size),
                                                             work.back().prompt, longest));
    }
    SimulatedEngine engine(config, smallest + between(0, 2) * between(0, 30));
    for (const Work& w : work) engine.add(w.prompt, w.lengths);
    engine.run();
    ASSERT_FALSE(::testing::Test::HasFailure()) << "round " << round;
    preemptions += engine.preemptions;
  }
  EXPECT_GT(preemptions, 100);
}

}  // namespace
}  // namespace cohort
