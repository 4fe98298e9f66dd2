// What a decode step has to read and compute: the model's side of a roofline.
#pragma once

#include "model/parameter_store.h"

namespace cohort {

struct DecodeCost {
  double weight_bytes;  // read by a step, once for all its rows
  double key_bytes;     // keys and values read by a step
  double flop;          // of a step's products with weights; attention is left out
};

// A step of `sequences` rows, each with `keys` keys. The embedding is read by its rows and counts
// for nothing unless it is the head too. Of E routed experts with k a row, a step reads the
// E (1 - (1 - k/E)^rows) that chance would choose.
DecodeCost decode_cost(const ParameterStore& store, int64_t sequences, double keys);

}  // namespace cohort
