// Whether what was written is the model that it was written from: the file is read back by our own
// readers and compared. The other half, with the programs that it is for, is tools/oracles/.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "trainer/model_comparison.h"
#include "trainer/model_source.h"

namespace cohort {

// What an element type may cost; docs/formats.md has the measurements that they come from.
struct ExportLimits {
  double row_error;  // WeightDistance::error
  double nmse;
  double mean_kl;
};
// type: one of export_types(). routed: the model has experts to choose.
ExportLimits export_limits(const std::string& type, bool routed);

struct ExportReport {
  std::string path, type;
  bool routed = false;
  TextDistance text;
  std::string config_fault;  // compare_configs
  WeightDistance weights;
  LogitDistance logits;
  uint64_t file_bytes = 0;  // of all files that hold weights
  double bits_per_weight = 0;
};

// Reads `path`, which export_folder or export_gguf_file wrote of `source` (loaded in fp32), with
// the tokenizer that the file itself describes. `more_text`: compared beside the built-in texts.
ExportReport verify_export(LoadedModel& source, const std::string& path, const std::string& type,
                           const std::string& more_text = "");
// The first limit that does not hold, with both values; empty: the copy is good.
std::string export_fault(const ExportReport& report);
// For people, a row a figure; for programs.
std::string export_table(const ExportReport& report);
nlohmann::json export_json(const ExportReport& report);

}  // namespace cohort
