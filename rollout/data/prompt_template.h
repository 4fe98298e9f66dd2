// Prompts from rows: "{key}" is replaced by that key of the row, every other character stands for
// itself.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace cohort {

class PromptTemplate {
 public:
  // A field is { name } with a name of letters, digits and _ that does not begin with a digit:
  // \boxed{} is plain text.
  explicit PromptTemplate(std::string_view text);
  // `field` gives a key's text and throws for a key that the row does not have.
  std::string render(const std::function<std::string(const std::string& key)>& field) const;
  bool uses(std::string_view key) const;
  bool has_fields() const;

 private:
  struct Part {
    bool is_field;
    std::string text;
  };
  std::vector<Part> parts_;
};

}  // namespace cohort
