// The gold answers of the shared data sets, where they are at hand.
#pragma once

#include <zlib.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cohort::math {

inline std::string shared_data(const std::string& file) {
  return COHORT_SOURCE_DIR "/../shared/data/" + file;
}
inline bool have_shared_data() { return std::filesystem::exists(shared_data("math500.jsonl.gz")); }

// The answers of the rows of a JSONL file, gzipped or not; of "... #### 72" what follows the mark.
inline std::vector<std::string> golds(const std::string& file, const std::string& key = "answer") {
  std::vector<std::string> result;
  gzFile input = gzopen(shared_data(file).c_str(), "rb");
  std::string line;
  char buffer[4096];
  while (input != nullptr && gzgets(input, buffer, sizeof buffer) != nullptr) {
    line += buffer;
    if (line.back() != '\n') continue;
    std::string answer = nlohmann::json::parse(line).at(key);
    if (const size_t mark = answer.rfind("#### "); mark != std::string::npos)
      answer.erase(0, mark + 5);
    result.push_back(std::move(answer));
    line.clear();
  }
  if (input != nullptr) gzclose(input);
  return result;
}

}  // namespace cohort::math
