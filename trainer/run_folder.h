// runs/NAME/: config.yaml, log.txt, lock, and a folder for every stage. Only rank 0 writes here;
// stages and checkpoints have files of their own (docs/formats.md).
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/comm/communicator.h"
#include "trainer/config_values.h"
#include "trainer/run_config.h"

namespace cohort {

// STAGE/done.json: the stage is finished, and this is what later stages take from it.
struct StageDone {
  std::string checkpoint;  // name in checkpoints/; empty for stages without
  ConfigValues values;     // the configuration it was made under
};
std::optional<StageDone> read_done(const std::string& stage_folder);
void write_done(const std::string& stage_folder, const StageDone& done);

// What a part of a stage's work was made of and under, for work that is resumed without a
// checkpoint. Absent when FILE is.
struct WorkMark {
  std::string model;  // model_identity of what it was made from
  ConfigValues values;
};
std::optional<WorkMark> read_mark(const std::string& file);
void write_mark(const std::string& file, const WorkMark& mark);
// The mark of a stage that has begun (reject).
std::string start_mark(const std::string& stage_folder);

class RunFolder {
 public:
  // Makes the folder, takes its lock (a second live run is refused with a ConfigError), opens
  // log.txt. All ranks call it.
  RunFolder(const RunConfig& config, Communicator& comm);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string stage(const std::string& name) const { return path_ + "/" + name; }
  // config.yaml with the defaults, once the run is known not to contradict what is there.
  void write_config(const RunConfig& config) const;

 private:
  std::string path_;
  bool leader_;
  int lock_ = -1;
};

}  // namespace cohort
