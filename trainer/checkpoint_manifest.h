// manifest.json of a checkpoint: {"checksum": XXH3 of body, "body": {...}}. Internal to
// trainer/checkpoint*.cc and digests.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cohort {

struct CheckpointFile {
  std::string name;            // in the checkpoint's folder
  int64_t begin = 0, end = 0;  // its slice of the flat buffer; empty for other files
  int64_t size = 0;
  std::string hash;

  nlohmann::json to_json() const;
  static CheckpointFile from_json(const nlohmann::json& json);
};

struct CheckpointManifest {
  int64_t step = 0;
  int64_t tick = 0;  // optimizer steps taken
  int64_t numel = 0;
  std::string dtype;   // of compute, and of the reference: fp32, bf16
  std::string kernel;  // that multiplied matrices
  std::string model;   // ModelConfig as YAML
  bool has_reference = false;
  std::vector<CheckpointFile> files;  // slices ascending, then the rest
  nlohmann::json state;

  std::string to_text() const;
  // Throws InputError for a file that is missing, torn or altered.
  static CheckpointManifest read(const std::string& checkpoint);
};

inline constexpr const char* kHfFilesFolder = "hf";  // ModelConfig::hf_files, where it has some
inline constexpr const char* kSharedFile = "rank_00000.h5";
std::string rank_file_name(int64_t rank);

// Size and hash of FOLDER/NAME as they are on disk.
CheckpointFile describe_file(const std::string& folder, const std::string& name);
// Empty when the file is what the manifest says, else what is wrong with it.
std::string file_fault(const std::string& folder, const CheckpointFile& file);

}  // namespace cohort
