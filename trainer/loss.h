// The policy loss of one sequence's tokens, by configuration: grpo, dr_grpo, dapo, gspo, cispo and
// their clips, KL terms and aggregations. Works on plain arrays and returns analytic gradients by
// log-prob and entropy, so that one formula serves forward, backward and the float64 goldens.
// The formulas stand above the code: GRPO (arXiv 2402.03300), Dr. GRPO (2503.20783), DAPO
// (2503.14476), GSPO (2507.18071), CISPO (2506.13585), dual clip (1912.09729).
#pragma once

#include <cstdint>
#include <span>

#include "trainer/learner.h"

namespace cohort {

// Global counts of a minibatch, fixed before its first micro-batch.
struct LossCounts {
  int64_t tokens = 0;     // unmasked
  int64_t sequences = 0;  // with at least one unmasked token
  int64_t prompts = 0;
  int64_t horizon = 1;  // L
};

struct SequenceTerms {
  std::span<const float> logprob, old_logprob, reference_logprob,
      entropy;  // reference may be empty
  std::span<const uint8_t> mask;
  double advantage = 0;
  int64_t prompt_tokens_total = 0;  // unmasked tokens of this sequence's group (prompt-mean)
};

struct SequenceLoss {  // contributions already divided by the global denominators
  double policy = 0, kl = 0, entropy = 0;  // kl and entropy as they enter the loss
  int64_t clipped_high = 0, clipped_low = 0, clipped_dual = 0;
  double kl_sum = 0, ratio_sum = 0, ratio_max = 0,
         entropy_sum = 0;  // over unmasked tokens, for metrics
};

// Adds d loss / d logprob and d loss / d entropy into the spans (one entry a token).
SequenceLoss sequence_loss(const PolicyLossConfig& config, const LossCounts& counts,
                           const SequenceTerms& terms, std::span<float> d_logprob,
                           std::span<float> d_entropy);

}  // namespace cohort
