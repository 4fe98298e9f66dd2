// Tokenizers and lines for the tests of this folder.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "model/tokenizer/tokenizer.h"

namespace cohort {

inline const std::string kTokenizerGoldens = COHORT_SOURCE_DIR "/tests/golden/model/tokenizer/";
inline const std::string kSharedData = COHORT_SOURCE_DIR "/../shared/data/";

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// From the text of a tokenizer.json.
std::shared_ptr<const Tokenizer> load_text(const std::string& tokenizer_json);
// A tokenizer.json over the letters a, b, c, d with one thing changed.
std::string small_tokenizer(const std::function<void(nlohmann::json&)>& change);
// An entry of added_tokens with the flags of `set`.
nlohmann::json added_token(int32_t id, const std::string& content,
                           const std::set<std::string>& set = {});
// The message of the InputError that `action` throws.
std::string error_of(const std::function<void()>& action);

// The lines of tools/goldens/make_tokenizer_family_goldens.py: its own, and real text and code of
// the data sets, empty where they are not there.
std::vector<std::string> synthetic_lines(size_t count);
std::vector<std::string> real_lines();

}  // namespace cohort
