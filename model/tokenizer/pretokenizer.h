// The pre_tokenizer of a tokenizer.json: how text is cut into the pieces that byte-pair encoding
// works on.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer/json_fields.h"

namespace cohort {

// One component: text to parts, in order, none empty.
class SplitStage {
 public:
  // `at_start`: the text that is encoded begins with this part.
  using PartSink = std::function<void(std::string_view part, bool at_start)>;
  virtual ~SplitStage() = default;
  virtual void split(std::string_view text, bool at_start, const PartSink& part) const = 0;
};

class Pretokenizer {
 public:
  // Supported: null, ByteLevel, Split, Digits, Metaspace, and a Sequence of them in which nothing
  // follows ByteLevel. Throws InputError naming `file` and the component otherwise.
  Pretokenizer(const nlohmann::json& config, const std::string& file);
  // Pieces are bytes for a model over bytes; else for one over characters.
  bool byte_level() const { return byte_level_; }
  // `text` is valid UTF-8; `at_start` as above.
  void split(std::string_view text, bool at_start, const SplitStage::PartSink& piece) const;

 private:
  void add(const nlohmann::json& config, const std::string& file);
  void split_from(size_t stage, std::string_view text, bool at_start,
                  const SplitStage::PartSink& piece) const;

  std::vector<std::unique_ptr<const SplitStage>> stages_;
  bool byte_level_ = false;
};

}  // namespace cohort
