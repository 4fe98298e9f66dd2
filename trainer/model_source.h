// A MODEL of the command line, or of a stage's `init`: a Hugging Face folder, a GGUF file, a
// checkpoint folder, a stage of a run, a run (its last trained stage), or random weights of a
// shape.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

#include "model/decoder.h"
#include "model/parameter_store.h"
#include "model/tokenizer/tokenizer.h"
#include "trainer/stage_config.h"

namespace cohort {

struct LoadedModel {
  std::unique_ptr<ParameterStore> store;  // weights rounded to the compute dtype
  std::unique_ptr<Decoder> decoder;       // views store
  std::shared_ptr<const Tokenizer> tokenizer;
  at::Tensor masters;  // fp32, the store's flat order; may be the store's own buffer
  std::string origin;  // for messages
};

// "fp32" or "bf16".
at::ScalarType compute_dtype(const std::string& name);

// PATH: Hugging Face folder, FILE.gguf (or a folder with model.gguf), RUN/STAGE/checkpoints/step_N,
// RUN/STAGE or RUN. Throws InputError when it is none of them. mla_form: ModelConfig's; empty: a
// checkpoint's own, else expanded. Who does not train or export leaves the masters away: in bf16
// they are two thirds of the memory.
enum class Masters { kept, none };
LoadedModel load_model(const std::string& path, const std::string& dtype,
                       const std::string& mla_form = "", Masters masters = Masters::kept);
// The run's `model:` section, or a student's: from its path, or random weights under `seed`.
LoadedModel make_model(const ModelSection& section, const std::string& dtype, uint64_t seed);
// The same without its weights.
struct ModelOutline {
  ModelConfig shape;
  std::shared_ptr<const Tokenizer> tokenizer;
};
ModelOutline outline(const ModelSection& section);
// Of any PATH that load_model takes, or a folder that holds a tokenizer and no model.
std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& path);
std::shared_ptr<const Tokenizer> make_tokenizer(const TokenizerConfig& config);

// The checkpoint that a stage's folder stands for: the one its done.json names (the best, with
// keep_best), else the newest that passes its checksums. Empty when there is none.
std::string stage_checkpoint(const std::string& stage_folder);

// Tells the weights of PATH from others at the same place: a checkpoint by its checksums, others by
// the names, sizes and times of their files.
std::string model_identity(const std::string& path);

}  // namespace cohort
