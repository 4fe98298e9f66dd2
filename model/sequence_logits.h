// The logits of one sequence, all positions at once: what other engines are compared by.
#pragma once

#include <span>

#include "model/decoder.h"

namespace cohort {

// A DecoderInput of one sequence at positions 0, 1, ... whose keys are its own rows.
DecoderInput single_sequence(std::span<const int32_t> ids);

// [T, V] fp32 in host memory, without a gradient.
at::Tensor sequence_logits(Decoder& decoder, std::span<const int32_t> ids);

}  // namespace cohort
