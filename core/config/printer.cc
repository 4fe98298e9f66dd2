#include <algorithm>
#include <cctype>
#include <cstring>
#include <iterator>
#include <sstream>

#include "core/base/error.h"
#include "core/config/fields.h"
#include "core/config/range_text.h"

namespace cohort {
namespace {

constexpr size_t kWidth = 100;

std::string yaml_value(bool value) { return value ? "true" : "false"; }

std::string yaml_value(int64_t value) { return fmt::format("{}", value); }

// The shortest digits that read back to the same bits; with a point, as YAML 1.1 readers need it to
// see a number: 1.0e-06.
std::string yaml_value(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find('.') != std::string::npos) return text;
  const size_t exponent = text.find('e');
  return exponent == std::string::npos ? text + ".0" : text.insert(exponent, ".0");
}

bool is_plain(const std::string& text) {
  static constexpr const char* kReserved[] = {"true", "false", "null", "yes", "no", "on",
                                              "off",  "y",     "n",    "inf", "nan"};
  if (text.empty() || !(std::isalpha(static_cast<unsigned char>(text[0])) || text[0] == '/'))
    return false;
  std::string lower;
  for (const unsigned char c : text) {
    if (!std::isalnum(c) && !std::strchr("_./+-", c)) return false;
    lower.push_back(static_cast<char>(std::tolower(c)));
  }
  return std::find(std::begin(kReserved), std::end(kReserved), lower) == std::end(kReserved);
}

std::string yaml_value(const std::string& text) {
  if (is_plain(text)) return text;
  std::string quoted = "\"";
  for (const unsigned char c : text) {
    if (c == '"' || c == '\\')
      quoted += {'\\', static_cast<char>(c)};
    else if (c == '\n')
      quoted += "\\n";
    else if (c == '\t')
      quoted += "\\t";
    else if (c < 0x20 || c == 0x7f)
      quoted += fmt::format("\\x{:02x}", c);
    else
      quoted.push_back(static_cast<char>(c));
  }
  return quoted + "\"";
}

template <class T>
std::string yaml_value(const std::vector<T>& list) {
  std::vector<std::string> items;
  items.reserve(list.size());
  for (const T& item : list) items.push_back(yaml_value(item));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

class Printer : public Fields {
 public:
  explicit Printer(bool with_docs) : with_docs_(with_docs), levels_(1) {}

  void field(const char* key, bool& value, const char* doc) override { line(key, value, doc); }
  void field(const char* key, int64_t& value, const char* doc, Range<int64_t> range) override {
    line(key, value, doc, bounds_text(range));
  }
  void field(const char* key, double& value, const char* doc, Range<double> range) override {
    line(key, value, doc, bounds_text(range));
  }
  void field(const char* key, std::string& value, const char* doc,
             std::vector<std::string> choices) override {
    line(key, value, doc, fmt::format("{}", fmt::join(choices, " | ")));
  }
  void field(const char* key, std::vector<std::string>& value, const char* doc) override {
    line(key, value, doc);
  }
  void field(const char* key, std::vector<double>& value, const char* doc) override {
    line(key, value, doc);
  }
  void field(const char* key, std::vector<int64_t>& value, const char* doc) override {
    line(key, value, doc);
  }

  void tagged_list(const char* key, size_t count, const std::vector<std::string>& tags,
                   const TaggedItem& item, const char* doc) override {
    comment(doc, fmt::format("{}", fmt::join(tags, " | ")));
    if (count == 0) {
      levels_.back().push_back(fmt::format("{}: []", key));
      return;
    }
    levels_.back().push_back(fmt::format("{}:", key));
    for (size_t i = 0; i < count; ++i) {
      std::string tag;
      open_level(kItemIndent);
      item(i, tag, *this);
      close_level("  - " + tag + ":", kItemIndent);
    }
  }

  void fail(const char*, const std::string&) override {}
  bool reading() const override { return false; }
  bool has(const char*) const override { return false; }

  std::string text() const { return fmt::format("{}\n", fmt::join(levels_.front(), "\n")); }

 protected:
  bool begin_section(const char* key, const char* doc) override {
    if (with_docs_ && levels_.size() == 1 && !levels_.back().empty()) levels_.back().push_back("");
    comment(doc, "");
    headings_.push_back(fmt::format("{}:", key));
    open_level(kSectionIndent);
    return true;
  }
  bool begin_optional(const char* key, bool& present, const char* doc) override {
    return present && begin_section(key, doc);
  }
  void end_section() override {
    const std::string heading = std::move(headings_.back());
    headings_.pop_back();
    close_level(heading, kSectionIndent);
  }

 private:
  static constexpr size_t kSectionIndent = 2;
  static constexpr size_t kItemIndent = 6;  // below "  - tag:"

  void open_level(size_t indent) {
    levels_.emplace_back();
    indent_ += indent;
  }
  // Ends the innermost mapping: its heading, then its lines, indented.
  void close_level(const std::string& heading, size_t indent) {
    const std::vector<std::string> lines = std::move(levels_.back());
    levels_.pop_back();
    indent_ -= indent;
    levels_.back().push_back(lines.empty() ? heading + " {}" : heading);
    for (const std::string& line : lines)
      levels_.back().push_back(line.empty() ? line : std::string(indent, ' ') + line);
  }

  template <class T>
  void line(const char* key, const T& value, const char* doc, const std::string& limits = "") {
    std::string text = fmt::format("{}: {}", key, yaml_value(value));
    const std::string words = comment_text(doc, limits);
    if (with_docs_ && !words.empty()) {
      if (indent_ + text.size() + words.size() + 4 <= kWidth)
        text += "  # " + words;
      else
        comment(doc, limits);
    }
    levels_.back().push_back(text);
  }

  static std::string comment_text(const std::string& doc, const std::string& limits) {
    if (limits.empty()) return doc;
    return doc.empty() ? fmt::format("({})", limits) : fmt::format("{} ({})", doc, limits);
  }

  // Comment lines above a key, wrapped.
  void comment(const std::string& doc, const std::string& limits) {
    if (!with_docs_) return;
    const size_t width = kWidth - indent_;
    std::istringstream words(comment_text(doc, limits));
    std::string line = "#";
    for (std::string word; words >> word;) {
      if (line.size() + 1 + word.size() > width && line != "#") {
        levels_.back().push_back(line);
        line = "#";
      }
      line += " " + word;
    }
    if (line != "#") levels_.back().push_back(line);
  }

  bool with_docs_;
  std::vector<std::vector<std::string>>
      levels_;                         // the lines of each open mapping, not yet indented
  size_t indent_ = 0;                  // of the innermost mapping
  std::vector<std::string> headings_;  // of each open section
};

}  // namespace

std::string print_config(const std::function<void(Fields&)>& describe, bool with_docs) {
  Printer printer(with_docs);
  describe(printer);
  return printer.text();
}

}  // namespace cohort
