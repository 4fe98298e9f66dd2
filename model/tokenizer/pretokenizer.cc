#include "model/tokenizer/pretokenizer.h"

#include "core/base/error.h"
#include "model/tokenizer/split_stages.h"

namespace cohort {

using nlohmann::json;

Pretokenizer::Pretokenizer(const json& config, const std::string& file) {
  if (!config.is_null()) add(config, file);
}

void Pretokenizer::add(const json& config, const std::string& file) {
  const Fields fields = Fields::of(config, file, "pre_tokenizer");
  const std::string type = fields.type();
  if (type == "Sequence") {
    fields.only({"type", "pretokenizers"});
    for (const json& member : fields.list("pretokenizers")) add(member, file);
    return;
  }
  if (byte_level_) fields.refuse("a component after ByteLevel");  // it would see spelled bytes
  if (type == "ByteLevel") {
    fields.only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    byte_level_ = true;
    if (fields.flag("add_prefix_space")) stages_.push_back(make_space_before(fields));
    if (fields.flag("use_regex", true)) stages_.push_back(make_gpt2_split(fields));
  } else if (type == "Split") {
    stages_.push_back(make_split(fields));
  } else if (type == "Digits") {
    stages_.push_back(make_digits(fields));
  } else if (type == "Metaspace") {
    stages_.push_back(make_metaspace(fields));
  } else {
    throw_error<InputError>("{}: pre_tokenizer {} is not supported", file, type);
  }
}

void Pretokenizer::split(std::string_view text, bool at_start,
                         const SplitStage::PartSink& piece) const {
  if (!text.empty()) split_from(0, text, at_start, piece);
}

void Pretokenizer::split_from(size_t stage, std::string_view text, bool at_start,
                              const SplitStage::PartSink& piece) const {
  if (stage == stages_.size()) return piece(text, at_start);
  if (stage + 1 == stages_.size()) return stages_[stage]->split(text, at_start, piece);
  // One pointer, which std::function holds without allocating: this runs for every word.
  const auto deeper = [&](std::string_view part, bool starts) {
    split_from(stage + 1, part, starts, piece);
  };
  stages_[stage]->split(text, at_start, std::cref(deeper));
}

}  // namespace cohort
