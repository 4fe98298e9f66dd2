#include "rollout/engine/engine.h"

#include <ATen/core/grad_mode.h>

#include "core/base/error.h"
#include "core/base/rng.h"
#include "core/base/threads.h"
#include "kernels/memory/step_memory.h"
#include "kernels/token_logprob/token_logprob.h"
#include "rollout/engine/rollout_decoder.h"
#include "rollout/engine/runner.h"
#include "rollout/engine/sampler.h"
#include "rollout/engine/scheduler.h"
#include "rollout/engine/stop_condition.h"

namespace cohort {

namespace {

// Logits that exist at a time, in bytes.
constexpr int64_t kLogitBytes = 16 << 20;
// Logits that are worth a thread.
constexpr int64_t kLogitsAThread = 16384;

// A row of hidden states that tokens are drawn from: one for a sample, one for each of its samples
// for a prompt.
struct DrawRow {
  Sequence* sequence;
  size_t first, count;  // draws
  int32_t row;          // of the step
};

// One call of generate().
class Generation {
 public:
  // kept: null, or what the only prompt begins with, and what is left of its sequence afterwards.
  Generation(const Engine& engine, Decoder& decoder, const Tokenizer& tokenizer, KvCache& cache,
             const EngineConfig& config, const SamplingConfig& sampling, const DrawScope& scope,
             KeptSequence* kept, EngineStats& stats)
      : engine_(engine),
        decoder_(decoder),
        tokenizer_(tokenizer),
        sampling_(sampling),
        scope_(scope),
        kept_(kept),
        stats_(stats),
        stop_(sampling, tokenizer),
        blocks_(cache.num_blocks, cache.block_size, kept ? kept->blocks : std::vector<int32_t>{}),
        scheduler_(config, blocks_),
        runner_(decoder, cache) {}

  void add(Prompt prompt) {
    const auto index = static_cast<int64_t>(groups_.size());
    groups_.push_back(std::make_unique<GroupState>(index, std::move(prompt), sampling_.n));
    if (kept_) continue_kept(groups_.back()->root);
    scheduler_.add(*groups_.back());
  }

  void run(const std::function<void(Group&&)>& on_group) {
    while (!scheduler_.done()) {
      between_steps();
      step();
      for (GroupState* group : completed_) on_group(to_group(*group));
      completed_.clear();
    }
    COHORT_CHECK_EQ(blocks_.num_free(), blocks_.num_blocks());
    stats_.preemptions += scheduler_.num_preemptions();
  }

 private:
  void continue_kept(Sequence& root) {
    root.computed = static_cast<int64_t>(kept_->tokens.size());
    root.blocks = std::move(kept_->blocks);
    root.add_slots(root.computed, blocks_.block_size());
    stats_.kept_tokens += root.computed;
    *kept_ = {};  // until it is known what a step has left of it
  }

  void between_steps() {
    if (!engine_.on_step) return;
    try {
      engine_.on_step();
    } catch (...) {
      keep_sequence();
      throw;
    }
  }

  // Between steps, the cache has what the sequences say.
  void keep_sequence() {
    if (!kept_) return;
    const GroupState& group = *groups_.front();
    const Sequence& sample = group.samples.front();
    const Sequence& longest = sample.computed > group.root.computed ? sample : group.root;
    kept_->blocks = longest.blocks;
    for (int64_t i = 0; i < longest.computed; ++i) kept_->tokens.push_back(longest.token(i));
  }

  void step() {
    const StepPlan& plan = scheduler_.plan();
    const int64_t layers = engine_.record_experts ? decoder_.config().num_moe_layers() : 0;
    if (layers > 0) expert_sets_ = kernels::result({layers, plan.rows}, at::kShort);
    const at::Tensor hidden = runner_.hidden(plan, expert_sets_);
    scheduler_.advance();
    collect_rows(plan);
    sample(hidden);
    for (const DrawRow& row : rows_) accept(row);
    for (GroupState* group : ready_) scheduler_.prompt_ready(*group);
    ++stats_.steps;
  }

  // The last rows of sequences that are computed as far as they are known.
  void collect_rows(const StepPlan& plan) {
    rows_.clear();
    picks_.clear();
    ready_.clear();
    int32_t end = 0;
    size_t num_draws = 0;
    for (const StepItem& item : plan.items) {
      Sequence& s = *item.sequence;
      end += static_cast<int32_t>(item.count);
      const bool decodes = item.count == 1 && !s.is_prompt();
      (decodes ? stats_.decode_tokens : stats_.prefill_tokens) += item.count;
      if (s.computed < s.length()) continue;
      if (s.is_prompt()) ready_.push_back(s.group);
      // The samples of a prompt that is computed again have their first tokens.
      if (s.is_prompt() && !s.group->samples[0].completion.tokens.empty()) continue;
      picks_.push_back(end - 1);
      rows_.push_back({&s, num_draws, s.is_prompt() ? s.group->samples.size() : 1, end - 1});
      num_draws += rows_.back().count;
    }
    draws_.resize(num_draws);
  }

  void sample(const at::Tensor& hidden) {
    if (rows_.empty()) return;
    const at::Tensor picked = pick(hidden, picks_);
    const int64_t vocab = decoder_.head().data.size(0);
    const int64_t num_valid = std::min(vocab, tokenizer_.vocab_size());
    const int64_t block = std::clamp<int64_t>(kLogitBytes / (4 * vocab), 8, 512);
    for (int64_t begin = 0; begin < picked.size(0); begin += block) {
      const int64_t count = std::min(block, picked.size(0) - begin);
      const at::Tensor computed =
          kernels::logits(kernels::view_row_range(picked, begin, count), decoder_.head());
      const std::vector<kernels::RowSoftmax> on_device =
          kernels::device_row_softmax(computed, num_valid, Sampler::softmax_temperature(sampling_));
      const at::Tensor logits = computed.cpu();
      const float* data = logits.const_data_ptr<float>();
      parallel_ranges(count, 1 + kLogitsAThread / vocab, [&](int64_t first, int64_t last) {
        Sampler sampler(sampling_, num_valid);
        for (int64_t r = first; r < last; ++r) {
          const float* row = data + r * vocab;
          const kernels::RowSoftmax softmax =
              on_device.empty() ? sampler.softmax(row)
                                : sampler.checked(on_device[static_cast<size_t>(r)]);
          draw(row, softmax, sampler, rows_[static_cast<size_t>(begin + r)]);
        }
      });
    }
  }

  void draw(const float* logits, const kernels::RowSoftmax& softmax, Sampler& sampler,
            const DrawRow& row) {
    const Sequence& s = *row.sequence;
    for (size_t i = 0; i < row.count; ++i) {
      const DrawKey key = {
          .seed = scope_.seed,
          .stage = scope_.stage,
          .kind = DrawKind::sample,
          .ordinal = static_cast<uint64_t>(s.group->prompt.ordinal),
          .sample = static_cast<uint32_t>(s.is_prompt() ? static_cast<int64_t>(i) : s.sample),
          .position = static_cast<uint32_t>(s.completion.tokens.size())};
      draws_[row.first + i] = sampler.draw(logits, softmax, draw_uniform(key));
    }
  }

  void accept(const DrawRow& row) {
    if (!row.sequence->is_prompt()) return accept(*row.sequence, draws_[row.first], row.row);
    for (size_t i = 0; i < row.count; ++i)
      accept(row.sequence->group->samples[i], draws_[row.first + i], row.row);
  }

  void accept(Sequence& sample, const Draw& draw, int32_t row) {
    Completion& c = sample.completion;
    c.tokens.push_back(draw.token);
    c.logprob.push_back(draw.logprob);
    c.logprob_sampled.push_back(draw.logprob_sampled);
    if (expert_sets_.defined()) {
      const int16_t* sets = expert_sets_.const_data_ptr<int16_t>() + row;
      for (int64_t layer = 0; layer < expert_sets_.size(0); ++layer)
        c.expert_sets.push_back(sets[layer * expert_sets_.size(1)]);
    }
    const Prompt& prompt = sample.group->prompt;
    if (engine_.on_token) engine_.on_token(prompt, sample.sample, draw.token);
    const std::optional<Finish> finish = stop_.finished(c);
    if (!finish) return;
    c.finish = *finish;
    c.text = tokenizer_.decode(c.tokens);
    if (engine_.on_end) engine_.on_end(prompt, sample.sample, c);
    keep_sequence();
    scheduler_.finish(sample);
    if (sample.group->unfinished == 0) completed_.push_back(sample.group);
  }

  static Group to_group(GroupState& state) {
    Group group;
    group.prompt = std::move(state.prompt);
    for (Sequence& sample : state.samples)
      group.completions.push_back(std::move(sample.completion));
    return group;
  }

  const Engine& engine_;
  Decoder& decoder_;
  const Tokenizer& tokenizer_;
  const SamplingConfig& sampling_;
  DrawScope scope_;
  KeptSequence* kept_;
  EngineStats& stats_;
  StopCondition stop_;
  BlockManager blocks_;
  Scheduler scheduler_;
  Runner runner_;
  std::vector<std::unique_ptr<GroupState>> groups_;
  // Of the step at hand.
  std::vector<DrawRow> rows_;
  std::vector<Draw> draws_;
  std::vector<int32_t> picks_;
  at::Tensor expert_sets_;  // [MoE layers, rows], where they are recorded
  std::vector<GroupState*> ready_, completed_;
};

// Leaves of what is kept only what the prompt begins with. Its last token is always computed: the
// first draw needs its hidden state.
void shorten(KeptSequence& kept, const Prompt& prompt, int64_t block_size) {
  const auto [differs, _] = std::mismatch(kept.tokens.begin(), kept.tokens.end(),
                                          prompt.tokens.begin(), prompt.tokens.end() - 1);
  kept.tokens.erase(differs, kept.tokens.end());
  const auto size = static_cast<int64_t>(kept.tokens.size());
  kept.blocks.resize(static_cast<size_t>((size + block_size - 1) / block_size));
}

void check_fits(const Prompt& prompt, const SamplingConfig& sampling, int64_t max_positions,
                const BlockManager& blocks) {
  const auto length = static_cast<int64_t>(prompt.tokens.size());
  if (length == 0) throw_error<InputError>("{}: the prompt has no tokens", prompt.source);
  if (length + sampling.response_length > max_positions)
    throw_error<InputError>(
        "{}: {} tokens of prompt and response_length {} exceed max_position_embeddings {}",
        prompt.source, length, sampling.response_length, max_positions);
  const int64_t needed = Scheduler::blocks_needed(blocks, length, sampling.response_length);
  if (needed > blocks.num_blocks())
    throw_error<InputError>(
        "{}: {} tokens of prompt and response_length {} need {} cache blocks of {}, there are {} "
        "(num_blocks, cache_mb)",
        prompt.source, length, sampling.response_length, needed, blocks.block_size(),
        blocks.num_blocks());
}

}  // namespace

int64_t num_blocks_allowed(const EngineConfig& config, const ModelConfig& model,
                           at::ScalarType dtype) {
  if (config.num_blocks > 0) return config.num_blocks;
  const int64_t block_bytes = KvCache::bytes_per_slot(model, dtype) * config.block_size;
  return std::max<int64_t>(1, config.cache_mb * (int64_t{1} << 20) / block_bytes);
}

int64_t num_blocks_needed(const EngineConfig& config, int64_t prompt_length,
                          int64_t response_length) {
  return Scheduler::blocks_needed(BlockManager(1, config.block_size), prompt_length,
                                  response_length);
}

struct Engine::Impl {
  Decoder& decoder;
  const Tokenizer& tokenizer;
  EngineConfig config;
  std::unique_ptr<KvCache> cache;
  KeptSequence kept;
  EngineStats stats;
  RolloutDecoder rollout_decoder;
  kernels::StepMemory memory;

  // What the configuration allows, but no more than these prompts can use with every seat taken.
  void prepare_cache(const std::vector<Prompt>& prompts, const SamplingConfig& sampling,
                     bool keep) {
    const ModelConfig& model = decoder.config();
    const at::ScalarType dtype = decoder.head().data.scalar_type();
    size_t longest = 1;
    for (const Prompt& prompt : prompts) longest = std::max(longest, prompt.tokens.size());
    const int64_t slots = keep ? model.max_position_embeddings
                               : static_cast<int64_t>(longest) + sampling.response_length;
    const int64_t seats =
        std::min(config.max_num_seqs, static_cast<int64_t>(prompts.size()) * sampling.n) +
        sampling.n;
    // A sample and, at worst, a prompt of its own; one block each in reserve.
    const int64_t useful = seats * (2 * (slots / config.block_size + 1) + 1);
    const int64_t num_blocks = std::min(useful, num_blocks_allowed(config, model, dtype));
    if (cache && cache->num_blocks >= num_blocks) return;
    kept = {};
    cache.reset();  // its memory first
    cache = std::make_unique<KvCache>(model, dtype, num_blocks, config.block_size,
                                      decoder.store().device());
  }
};

Engine::Engine(Decoder& decoder, const Tokenizer& tokenizer, const EngineConfig& config)
    : impl_(new Impl{decoder, tokenizer, config, nullptr, {}, {}, RolloutDecoder(decoder), {}}) {}

Engine::~Engine() = default;

const EngineStats& Engine::stats() const { return impl_->stats; }

void Engine::generate(std::vector<Prompt> prompts, const SamplingConfig& sampling,
                      const DrawScope& scope, const std::function<void(Group&&)>& on_group) {
  const at::NoGradGuard no_grad;
  const kernels::StepMemory::Use memory(impl_->memory);
  Decoder& decoder = impl_->rollout_decoder.with_weights(sampling.weights);
  const bool own_weights = &decoder == &impl_->decoder;
  const bool keep = keep_sequence && own_weights && prompts.size() == 1 && sampling.n == 1;
  impl_->prepare_cache(prompts, sampling, keep);
  const BlockManager empty(impl_->cache->num_blocks, impl_->cache->block_size);
  for (const Prompt& prompt : prompts)
    check_fits(prompt, sampling, impl_->decoder.config().max_position_embeddings, empty);
  KeptSequence& kept = impl_->kept;
  if (keep)
    shorten(kept, prompts.front(), impl_->cache->block_size);
  else
    kept = {};  // its blocks will be written over
  Generation generation(*this, decoder, impl_->tokenizer, *impl_->cache, impl_->config, sampling,
                        scope, keep ? &kept : nullptr, impl_->stats);
  for (Prompt& prompt : prompts) generation.add(std::move(prompt));
  generation.run(on_group);
}

void Engine::forget() {
  impl_->kept = {};
  impl_->cache.reset();
  impl_->memory = {};
}

}  // namespace cohort
