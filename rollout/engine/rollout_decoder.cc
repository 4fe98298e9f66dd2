#include "rollout/engine/rollout_decoder.h"

#include "core/base/error.h"

namespace cohort {

struct RolloutDecoder::Quantised {
  explicit Quantised(const ParameterStore& source)
      : store(source, kernels::WeightFormat::q8_0), decoder(store) {}

  ParameterStore store;
  Decoder decoder;
};

RolloutDecoder::RolloutDecoder(Decoder& policy) : policy_(policy) {}
RolloutDecoder::~RolloutDecoder() = default;

Decoder& RolloutDecoder::with_weights(const std::string& weights) {
  if (weights == "same") return policy_;
  COHORT_CHECK(weights == "q8_0", "rollout weights {}", weights);
  const ParameterStore& source = policy_.store();
  if (!source.device().is_cpu())
    throw_error<InputError>(
        "rollout weights q8_0 are for the CPU, and this model is on {}: use same",
        source.device().str());
  if (!quantised_) quantised_ = std::make_unique<Quantised>(source);
  quantised_->store.follow(source);
  return quantised_->decoder;
}

}  // namespace cohort
