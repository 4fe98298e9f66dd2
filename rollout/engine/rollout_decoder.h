// The policy's decoder as rollouts compute with it.
#pragma once

#include <memory>
#include <string>

#include "model/decoder.h"

namespace cohort {

class RolloutDecoder {
 public:
  // The policy must outlive it.
  explicit RolloutDecoder(Decoder& policy);
  ~RolloutDecoder();

  // weights "same": the policy. "q8_0": a decoder that shares its weights, whose linear maps,
  // experts and head multiply by 8-bit copies of them as they are now (kernels/param.h); throws
  // InputError where the weights are not in host memory.
  Decoder& with_weights(const std::string& weights);

 private:
  struct Quantised;

  Decoder& policy_;
  std::unique_ptr<Quantised> quantised_;
};

}  // namespace cohort
