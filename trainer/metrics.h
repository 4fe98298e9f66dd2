// metrics.jsonl (one row a step, all stages) and tb/ (the same numbers as TensorBoard scalars, tags
// prefixed by the stage). Values under names without time, per_s or memory are the same on any
// number of ranks and through any restart.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/comm/communicator.h"
#include "core/io/jsonl.h"
#include "core/io/tfevents.h"

namespace cohort {

using Metrics = std::map<std::string, double>;

class MetricsLog {
 public:
  // On rank 0 opens the files of the run's folder, cut back to the rows that keep(stage, step)
  // accepts; other ranks write nothing.
  MetricsLog(const std::string& run_folder, const Communicator& comm,
             const std::function<bool(const std::string& stage, int64_t step)>& keep);

  // Drops the rows of `stage` after `step`, as a stage does that resumes there; -1: all of them.
  void cut_back(const std::string& stage, int64_t step);
  // Whether there is such a row, on rank 0.
  bool has(const std::string& stage, int64_t step);
  // (stage, step) is unique. NaN and infinity are written as null.
  void write(const std::string& stage, int64_t step, const Metrics& metrics);
  // Makes rows durable; called before a checkpoint that counts on them is committed.
  void flush();

 private:
  void open();

  std::string folder_;
  bool leader_;
  std::unique_ptr<JsonlWriter> rows_;
  std::unique_ptr<TfEventsWriter> events_;
  std::chrono::steady_clock::time_point last_flush_;
};

double peak_memory_mb();  // of this process

}  // namespace cohort
