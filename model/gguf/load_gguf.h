// Weights from a GGUF file: dequantised, and in Hugging Face's order again.
#pragma once

#include "core/io/gguf.h"
#include "model/parameter_store.h"

namespace cohort {

// Into the store, whose shape is read_gguf_config's; rounded to its dtype. A missing, surplus,
// misshapen or non-finite tensor is an InputError that names file and tensor. `masters_f32`: as
// WeightFiller's.
void load_gguf_weights(const GgufFile& file, ParameterStore& store,
                       at::Tensor* masters_f32 = nullptr);

}  // namespace cohort
