// The rollout engine: continuous batching over a paged cache with the trainer's own decoder.
//
// A prompt's prefix is computed once for its n completions; full blocks are shared, a partly filled
// last block is copied on first write. Waiting groups are admitted by free blocks; when blocks run
// out the youngest sequence is preempted and later recomputed (its tokens are kept and not drawn
// again). Long prompts are prefilled in chunks beside decoding rows; finished rows are replaced at
// once. None of this changes a bit of the result (tests/integration).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/config/fields.h"
#include "model/decoder.h"
#include "model/tokenizer/tokenizer.h"
#include "rollout/types.h"

namespace cohort {

struct SamplingConfig {
  int64_t n = 8;             // completions a prompt
  double temperature = 1.0;  // 0: greedy
  double top_p = 1.0;
  int64_t top_k = 0;  // 0: all
  double min_p = 0.0;
  int64_t response_length = 64;  // tokens at most
  std::vector<int64_t> stop_token_ids;
  std::vector<std::string> stop;  // stop strings
  std::string weights = "same";   // same, q8_0: in 8 bits (engine/rollout_decoder.h)
  void describe(Fields& f);
};

struct EngineConfig {
  int64_t max_num_seqs = 512;             // rows of a decode step at most
  int64_t max_num_batched_tokens = 8192;  // rows of any step at most
  int64_t prefill_chunk = 512;
  int64_t block_size = 16;
  int64_t num_blocks = 0;  // 0: from cache_mb
  int64_t cache_mb = 512;
  void describe(Fields& f);
};

// Cache blocks that the configuration allows, and that one prompt needs with its longest
// completion.
int64_t num_blocks_allowed(const EngineConfig& config, const ModelConfig& model,
                           at::ScalarType dtype);
int64_t num_blocks_needed(const EngineConfig& config, int64_t prompt_length,
                          int64_t response_length);

// The part of a draw's key that a stage fixes.
struct DrawScope {
  uint64_t seed = 0;
  uint32_t stage = 0;
};

struct EngineStats {
  int64_t decode_tokens = 0, prefill_tokens = 0, steps = 0, preemptions = 0;
  int64_t kept_tokens = 0;  // of prompts, that keep_sequence found in the cache
};

class Engine {
 public:
  // `stop_ids`: the tokenizer's eos and the sampling config's are joined by the caller of generate.
  Engine(Decoder& decoder, const Tokenizer& tokenizer, const EngineConfig& config);
  ~Engine();

  // Samples n completions of every prompt; calls on_group as each group completes (in any order),
  // from this thread. The content of a group depends on its prompt, the weights, sampling and scope
  // alone. Throws InputError for a prompt that cannot fit in the cache or in the model's positions.
  void generate(std::vector<Prompt> prompts, const SamplingConfig& sampling, const DrawScope& scope,
                const std::function<void(Group&&)>& on_group);
  const EngineStats& stats() const;
  // Called between steps, for heartbeats and interrupts; may throw.
  std::function<void()> on_step;
  // Called with every token as it is drawn, sample by sample, in the order of drawing.
  std::function<void(const Prompt& prompt, int64_t sample, int32_t token)> on_token;
  // Called with every completion as it ends, before its group's on_group.
  std::function<void(const Prompt& prompt, int64_t sample, const Completion& completion)> on_end;

  // Completions carry what experts their tokens were computed by (Completion::expert_sets).
  bool record_experts = false;

  // For conversations. A generate() of one prompt and one sample leaves its sequence in the cache,
  // also when on_step throws, and the next computes its prompt from the first token that differs:
  // the same bits sooner; with weights other than `same` nothing is kept. The weights may not
  // change meanwhile. The cache is then made for max_position_embeddings tokens at once, within the
  // configuration's limits.
  bool keep_sequence = false;
  void forget();  // frees the cache and what it kept

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cohort
