// Checkpoints: step_N/ holds one HDF5 file a rank (its slice of masters, moments and reference;
// rank 0's also router biases and carried groups), the tokenizer, config.json of a model that came
// from a Hugging Face folder, and manifest.json with sizes, XXH3 checksums and the run's state.
// Commit: every rank writes and fsyncs, barrier, rank 0 writes the manifest into the temporary
// folder, renames it, fsyncs the parent. Format: docs/formats.md. Any number of ranks can read one.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/comm/communicator.h"
#include "model/parameter_store.h"
#include "model/tokenizer/tokenizer.h"
#include "trainer/learner.h"

namespace cohort {

// Everything beside tensors.
struct RunState {
  nlohmann::json
      values;  // data position, early stop, best so far, the configuration it was made under
  std::vector<std::byte> carried;  // groups for the next step (trainer/group_codec.h)
};

class CheckpointWriter {
 public:
  // Leftovers of a write that died are removed, and step folders above `resumed_step` (corrupt ones
  // that find_checkpoint passed over) renamed to corrupt_step_N. -1: nothing to keep. All ranks
  // call it.
  CheckpointWriter(Communicator& comm, std::string folder, int64_t keep_last,
                   std::shared_ptr<const Tokenizer> tokenizer, int64_t resumed_step);
  ~CheckpointWriter();  // waits for a write in flight; does not commit it

  // Copies the state and writes on a thread of its own; a write still in flight is finished and
  // committed first. `reference` may be null. All ranks call it. A step that is saved already is
  // left as it is.
  void save(int64_t step, Learner& learner, ParameterStore& store, ParameterStore* reference,
            RunState state);
  // This step is kept beside the newest ones; -1: none.
  void protect(int64_t step);
  // Commits a finished write. All ranks call both at the same points: poll() at the end of a step,
  // finish() at the end.
  void poll();
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Newest committed checkpoint of FOLDER that passes its checksums; older ones are tried in turn,
// each rejection is logged loudly. Empty when there is none. All ranks call it and get the same
// answer.
std::string find_checkpoint(const std::string& folder, Communicator& comm);
// Number N of .../step_N; -1 for anything else.
int64_t checkpoint_step(const std::string& path);

// RunState::values of the newest checkpoint whose manifest can be read; null when there is none.
// Its files are not checked.
nlohmann::json newest_checkpoint_values(const std::string& folder);

// Throws InputError naming the first file of PATH that is not what its manifest says.
void verify_checkpoint(const std::string& path);

// Reads masters, moments, weights, biases and reference (when not null) of this rank's slice and
// returns the state. Throws InputError when shapes contradict the model.
RunState load_checkpoint(const std::string& path, Communicator& comm, Learner& learner,
                         ParameterStore& store, ParameterStore* reference);
// The state alone.
RunState load_checkpoint_state(const std::string& path);

// Weights alone, for export, eval and the next stage.
ModelConfig load_checkpoint_config(const std::string& path);
at::Tensor load_checkpoint_masters(const std::string& path);                   // fp32, flat order
void load_checkpoint_buffers(const std::string& path, ParameterStore& store);  // router biases

// Everything with its shape, whole, for digests.
struct CheckpointContent {
  std::unique_ptr<ParameterStore> store,
      reference;            // the first holds layout and biases; the second may be null
  at::Tensor master, m, v;  // fp32, flat order
};
CheckpointContent load_checkpoint_content(const std::string& path);

}  // namespace cohort
