#include "model/tokenizer/replacement.h"

namespace cohort {

TextPattern::TextPattern(const Fields& component) {
  const nlohmann::json& pattern = component.at("pattern");
  const auto given = [&](const char* kind) {
    return pattern.is_object() && pattern.size() == 1 && pattern.contains(kind) &&
           pattern[kind].is_string() && !pattern[kind].get_ref<const std::string&>().empty();
  };
  if (given("String"))
    literal_ = pattern["String"].get<std::string>();
  else if (given("Regex"))
    regex_ = std::make_shared<const Regex>(pattern["Regex"].get<std::string>(), component.where);
  else
    component.refuse("pattern " + pattern.dump());
}

bool TextPattern::find(std::string_view text, size_t position, RegexMatch& match) const {
  if (regex_ != nullptr) return regex_->find(text, position, match);
  const size_t found = text.find(literal_, position);
  if (found == std::string_view::npos) return false;
  match = {found, found + literal_.size()};
  return true;
}

Replacement::Replacement(const Fields& component)
    : pattern_(component), content_(component.text("content")) {
  component.only({"type", "pattern", "content"});
}

std::string Replacement::apply(std::string_view text) const {
  std::string out;
  out.reserve(text.size() + text.size() / 2);
  size_t done = 0;
  for (RegexMatch match; pattern_.find(text, done, match); done = match.end) {
    out.append(text, done, match.begin - done);
    out += content_;
  }
  out.append(text, done);
  return out;
}

}  // namespace cohort
