// Checkpoints: step_N/ holds one HDF5 file a rank (its slice of masters, moments; rank 0 also weights of the reference, router
// biases, carried groups) and manifest.json with sizes, XXH3 checksums and the run's state. Committed as DESIGN says: every
// rank writes and fsyncs, barrier, rank 0 writes the manifest into the temporary folder, renames it, fsyncs the parent.
// Format: docs/formats.md. Any number of ranks can read one.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/comm/communicator.h"
#include "model/parameter_store.h"
#include "trainer/learner.h"

namespace cohort {

// Everything beside tensors: data position, schedule, early-stop and best-so-far state, carried groups' file, kernel names.
using RunState = nlohmann::json;

class CheckpointWriter {
 public:
  CheckpointWriter(Communicator& comm, std::string folder, int64_t keep_last);
  ~CheckpointWriter();  // waits for a write in flight; does not commit it
  // Copies the state and writes on a thread of its own; a write still in flight is finished and committed first.
  // `reference` may be null. All ranks call it.
  void save(int64_t step, Learner& learner, ParameterStore& store, ParameterStore* reference,
            const RunState& state);
  // Commits a finished write. All ranks call both at the same points: poll() at the end of a step, finish() at the end.
  void poll();
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Newest committed checkpoint of FOLDER that passes its checksums; older ones are tried in turn, each rejection is
// logged loudly. Empty when there is none.
std::string find_checkpoint(const std::string& folder, Communicator& comm);
// Reads masters, moments, weights, biases and reference (when not null) of this rank's slice and returns the state. Throws
// InputError when shapes contradict the model.
RunState load_checkpoint(const std::string& path, Communicator& comm, Learner& learner,
                         ParameterStore& store, ParameterStore* reference);
// Weights alone (fp32 masters), for export, eval and the next stage; also its model config and tokenizer folder.
at::Tensor load_checkpoint_masters(const std::string& path);

}  // namespace cohort
