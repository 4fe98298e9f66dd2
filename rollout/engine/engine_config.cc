#include "rollout/engine/engine.h"

namespace cohort {

void SamplingConfig::describe(Fields& f) {
  f.field("n", n, "Completions a prompt.", between_int(1, int64_t{1} << 31));
  f.field("temperature", temperature, "Of the softmax that tokens are drawn from. 0: greedy.",
          at_least(0.0));
  f.field("top_p", top_p, "Only the most probable tokens with this mass. 1: all.",
          between(0.0, 1.0));
  f.field("top_k", top_k, "Only the k most probable tokens. 0: all.", at_least_int(0));
  f.field("min_p", min_p, "Only tokens with this share of the largest probability.",
          between(0.0, 1.0));
  f.field("response_length", response_length, "Tokens of a completion at most.",
          between_int(1, (int64_t{1} << 24) - 1));
  f.field("stop_token_ids", stop_token_ids,
          "Ids that end a completion, besides the model's own: its tokenizer's end of text and the "
          "eos_token_id of its files.");
  f.field("stop", stop, "Strings that end a completion; they stay in it.");
  f.field(
      "weights", weights,
      "Weights that completions are sampled with: the same as in training, or q8_0, a copy in 8 "
      "bits made at every step (run.exact: false alone; not for validation).",
      {"same", "q8_0"});
  if (top_p <= 0) f.fail("top_p", "must be above 0");
  for (const std::string& text : stop)
    if (text.empty()) f.fail("stop", "has an empty string");
}

void EngineConfig::describe(Fields& f) {
  f.field("max_num_seqs", max_num_seqs, "Sequences that decode together at most.", at_least_int(1));
  f.field("max_num_batched_tokens", max_num_batched_tokens, "Rows of a step at most.",
          at_least_int(1));
  f.field("prefill_chunk", prefill_chunk, "Tokens of one sequence in a step at most.",
          at_least_int(1));
  f.field("block_size", block_size, "Tokens of a block of the cache.", at_least_int(1));
  f.field("num_blocks", num_blocks, "Blocks of the cache. 0: what fits in cache_mb.",
          at_least_int(0));
  f.field("cache_mb", cache_mb, "Memory of the cache at most, in MiB.", at_least_int(1));
  if (max_num_batched_tokens < max_num_seqs)
    f.fail("max_num_batched_tokens",
           "must be at least max_num_seqs: every sequence decodes a token a step");
}

}  // namespace cohort
