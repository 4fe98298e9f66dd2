#include "trainer/loss.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace cohort {
namespace {

// log r and d are clamped to +-20 before exp, as in verl; beyond it their gradient is 0.
constexpr double kMaxLogRatio = 20.0;

// A value and its derivative by the token's log-prob.
struct Term {
  double value = 0, slope = 0;
};

enum class LossMode { vanilla, gspo, cispo };
enum class KlType { none, k1, k2, k3, k3_plus };

LossMode parse_loss_mode(const std::string& name) {
  if (name == "vanilla") return LossMode::vanilla;
  if (name == "gspo") return LossMode::gspo;
  COHORT_CHECK(name == "cispo", "unknown loss_mode {}", name);
  return LossMode::cispo;
}

KlType parse_kl_type(const PolicyLossConfig& config) {
  if (!config.has_kl()) return KlType::none;
  if (config.kl_loss_type == "k1") return KlType::k1;
  if (config.kl_loss_type == "k2") return KlType::k2;
  if (config.kl_loss_type == "k3") return KlType::k3;
  COHORT_CHECK(config.kl_loss_type == "k3+", "unknown kl_loss_type {}", config.kl_loss_type);
  return KlType::k3_plus;
}

// The weight of each counted token of sequence i, with N tokens, B sequences, Q prompts in the
// batch, |o_i| counted tokens in the sequence, |q| in its prompt's group and L the horizon:
//   token-mean 1/N   seq-mean-token-mean 1/(B |o_i|)   seq-mean-token-sum 1/B
//   seq-mean-token-sum-norm 1/(B L) token-sum 1      prompt-mean 1/(Q |q|)
double token_weight(const std::string& mode, const LossCounts& counts, int64_t sequence_tokens,
                    int64_t prompt_tokens) {
  const auto sequences = static_cast<double>(counts.sequences);
  if (mode == "token-mean") return 1.0 / static_cast<double>(counts.tokens);
  if (mode == "seq-mean-token-mean")
    return 1.0 / (sequences * static_cast<double>(sequence_tokens));
  if (mode == "seq-mean-token-sum") return 1.0 / sequences;
  if (mode == "seq-mean-token-sum-norm")
    return 1.0 / (sequences * static_cast<double>(counts.horizon));
  if (mode == "token-sum") return 1.0;
  COHORT_CHECK(mode == "prompt-mean", "unknown loss_agg_mode {}", mode);
  return 1.0 / (static_cast<double>(counts.prompts) * static_cast<double>(prompt_tokens));
}

double log_ratio(const SequenceTerms& terms, size_t t) {
  return static_cast<double>(terms.logprob[t]) - static_cast<double>(terms.old_logprob[t]);
}

// l = max(-A r, -A clip(r, 1 - low, 1 + high)); dual clip: l = min(l, -c A) where A < 0.
// r counts for the slope by d r / d logprob = r: the token's own ratio, or in GSPO the sequence's
// value on each token.
Term clipped_term(const PolicyLossConfig& config, double advantage, double ratio,
                  bool ratio_clamped, SequenceLoss& loss) {
  const double low = 1 - config.clip_ratio_low, high = 1 + config.clip_ratio_high;
  const double plain = -advantage * ratio;
  const double clipped = -advantage * std::clamp(ratio, low, high);
  Term term{plain, ratio_clamped ? 0.0 : plain};
  if (clipped > plain) {
    term = {clipped, 0.0};
    ++(ratio > high ? loss.clipped_high : loss.clipped_low);
  }
  if (config.clip_ratio_c > 0 && advantage < 0 && term.value > -config.clip_ratio_c * advantage) {
    term = {-config.clip_ratio_c * advantage, 0.0};
    ++loss.clipped_dual;
  }
  return term;
}

// CISPO: l = -sg[clip(r, 1 - low, 1 + high)] A logprob. low >= 1 is the paper's form, without a
// lower bound.
Term cispo_term(const PolicyLossConfig& config, double advantage, double ratio, double logprob,
                SequenceLoss& loss) {
  const double low = 1 - config.clip_ratio_low, high = 1 + config.clip_ratio_high;
  if (ratio > high) ++loss.clipped_high;
  if (ratio < low) ++loss.clipped_low;
  const double weight = std::clamp(ratio, low, high);
  return {-weight * advantage * logprob, -weight * advantage};
}

// With d = reference - logprob, d(d)/d(logprob) = -1:
//   k1 = -d    k2 = d^2 / 2    k3 = e^d - d - 1    k3+: the value of k3 with the gradient of k2
// Equal log-probs give exactly 0 and gradient 0 (k1: gradient 1, as it must).
Term kl_term(KlType type, double logprob, double reference) {
  const double raw = reference - logprob;
  const double d = std::clamp(raw, -kMaxLogRatio, kMaxLogRatio);
  const double inside = std::abs(raw) <= kMaxLogRatio ? 1.0 : 0.0;
  switch (type) {
    case KlType::none:
      return {};
    case KlType::k1:
      return {-d, inside};
    case KlType::k2:
      return {d * d / 2, -d * inside};
    case KlType::k3:
      return {std::expm1(d) - d, -std::expm1(d) * inside};
    case KlType::k3_plus:
      return {std::expm1(d) - d, -d * inside};
  }
  return {};
}

}  // namespace

void PolicyLossConfig::describe(Fields& f) {
  f.field("loss_mode", loss_mode,
          "vanilla: token ratios (GRPO, DAPO). gspo: the sequence's ratio. cispo: clipped weights.",
          {"vanilla", "gspo", "cispo"});
  f.field("clip_ratio_low", clip_ratio_low, "The ratio is clipped at 1 - this.", at_least(0.0));
  f.field("clip_ratio_high", clip_ratio_high, "The ratio is clipped at 1 + this.", at_least(0.0));
  f.field("clip_ratio_c", clip_ratio_c,
          "Dual clip of tokens with negative advantage (c > 1; 3 is usual); 0: none.",
          at_least(0.0));
  f.field("loss_agg_mode", loss_agg_mode, "How tokens are averaged over the whole batch.",
          {"token-mean", "seq-mean-token-mean", "seq-mean-token-sum", "seq-mean-token-sum-norm",
           "token-sum", "prompt-mean"});
  f.field("loss_scale_factor", loss_scale_factor,
          "L of seq-mean-token-sum-norm; 0: response_length.", at_least_int(0));
  f.field("use_kl_loss", use_kl_loss,
          "Add kl_loss_coef times the KL to the reference to the loss.");
  f.field("kl_loss_coef", kl_loss_coef, "Weight of the KL term in the loss.", at_least(0.0));
  f.field("kl_loss_type", kl_loss_type,
          "Estimator. k3+ has the value of k3 and the gradient of k2.", {"k1", "k2", "k3", "k3+"});
  f.field("entropy_coeff", entropy_coeff, "Weight of the entropy bonus.");
  if (f.reading() && clip_ratio_c > 0) {
    if (loss_mode != "vanilla") f.fail("clip_ratio_c", "is for loss_mode vanilla only");
    if (clip_ratio_c <= 1) f.fail("clip_ratio_c", "must be above 1, or 0 for none");
  }
}

SequenceLoss sequence_loss(const PolicyLossConfig& config, const LossCounts& counts,
                           const SequenceTerms& terms, std::span<float> d_logprob,
                           std::span<float> d_entropy) {
  const size_t length = terms.mask.size();
  const LossMode mode = parse_loss_mode(config.loss_mode);
  const KlType kl_type = parse_kl_type(config);
  COHORT_CHECK(terms.logprob.size() == length && terms.old_logprob.size() == length &&
                   terms.entropy.size() == length && d_logprob.size() == length &&
                   d_entropy.size() == length,
               "a sequence of {} tokens has arrays of other sizes", length);
  COHORT_CHECK(kl_type == KlType::none || terms.reference_logprob.size() == length,
               "the KL term needs reference log-probs of all {} tokens", length);

  SequenceLoss loss;
  int64_t tokens = 0;
  double log_ratio_sum = 0;
  for (size_t t = 0; t < length; ++t) {
    if (!terms.mask[t]) continue;
    ++tokens;
    log_ratio_sum += log_ratio(terms, t);
  }
  if (tokens == 0) return loss;
  const double weight =
      token_weight(config.loss_agg_mode, counts, tokens, terms.prompt_tokens_total);

  double policy_sum = 0;
  for (size_t t = 0; t < length; ++t) {
    if (!terms.mask[t]) continue;
    // GSPO: s_i = exp(mean_t log r_t), carried by every token: s_{i,t} = sg[s_i] exp(logprob -
    // sg[logprob]).
    const double raw =
        mode == LossMode::gspo ? log_ratio_sum / static_cast<double>(tokens) : log_ratio(terms, t);
    const double ratio = std::exp(std::clamp(raw, -kMaxLogRatio, kMaxLogRatio));
    const double logprob = terms.logprob[t];
    const Term policy =
        mode == LossMode::cispo
            ? cispo_term(config, terms.advantage, ratio, logprob, loss)
            : clipped_term(config, terms.advantage, ratio, std::abs(raw) > kMaxLogRatio, loss);
    Term kl;
    if (kl_type != KlType::none) kl = kl_term(kl_type, logprob, terms.reference_logprob[t]);

    policy_sum += policy.value;
    loss.kl_sum += kl.value;
    loss.entropy_sum += terms.entropy[t];
    loss.ratio_sum += ratio;
    loss.ratio_max = std::max(loss.ratio_max, ratio);
    d_logprob[t] += static_cast<float>(weight * (policy.slope + config.kl_loss_coef * kl.slope));
    d_entropy[t] += static_cast<float>(-weight * config.entropy_coeff);
  }
  loss.policy = weight * policy_sum;
  loss.kl = weight * config.kl_loss_coef * loss.kl_sum;
  loss.entropy = -weight * config.entropy_coeff * loss.entropy_sum;
  return loss;
}

}  // namespace cohort
