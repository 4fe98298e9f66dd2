#include <algorithm>
#include <charconv>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/config/fields.h"
#include "core/config/node.h"
#include "core/config/range_text.h"

namespace cohort {
namespace {

using Kind = ConfigNode::Kind;

template <class T>
bool parse_number(const ConfigNode& node, T& value) {
  if (node.kind != Kind::scalar || node.quoted) return false;
  const char* const begin = node.text.data() + (node.text.starts_with('+') ? 1 : 0);
  const char* const end = node.text.data() + node.text.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  return error == std::errc{} && stop == end;
}

class Reader : public Fields {
 public:
  explicit Reader(ConfigNode& root) {
    frames_.push_back({.node = &root, .path = "", .place = root.place});
  }

  void field(const char* key, bool& value, const char*) override {
    const ConfigNode* node = take(key);
    if (!node) return;
    const std::string& text = node->text;
    const bool is_true = text == "true" || text == "True";
    const bool is_false = text == "false" || text == "False";
    if (node->kind != Kind::scalar || node->quoted || !(is_true || is_false))
      wrong_value(*node, key, "true or false");
    value = is_true;
  }

  void field(const char* key, int64_t& value, const char*, Range<int64_t> range) override {
    const ConfigNode* node = take(key);
    if (node) value = number(*node, key, range);
  }

  void field(const char* key, double& value, const char*, Range<double> range) override {
    const ConfigNode* node = take(key);
    if (node) value = number(*node, key, range);
  }

  void field(const char* key, std::string& value, const char*,
             std::vector<std::string> choices) override {
    const ConfigNode* node = take(key);
    if (!node) return;
    const std::string text = word(*node, key);
    if (!choices.empty() && std::find(choices.begin(), choices.end(), text) == choices.end())
      wrong_value(*node, key, fmt::format("one of {}", fmt::join(choices, ", ")));
    value = text;
  }

  void field(const char* key, std::vector<std::string>& value, const char*) override {
    read_list(key, value, [&](const ConfigNode& node) { return word(node, key); });
  }
  void field(const char* key, std::vector<double>& value, const char*) override {
    read_list(key, value,
              [&](const ConfigNode& node) { return number(node, key, Range<double>{}); });
  }
  void field(const char* key, std::vector<int64_t>& value, const char*) override {
    read_list(key, value,
              [&](const ConfigNode& node) { return number(node, key, Range<int64_t>{}); });
  }

  void tagged_list(const char* key, size_t, const std::vector<std::string>& tags,
                   const TaggedItem& item, const char*) override {
    ConfigNode* list = take(key);
    if (!list) return;
    if (list->kind != Kind::list)
      wrong_value(*list, key, fmt::format("a list of entries `- {}: {{...}}`", tags.front()));
    for (size_t i = 0; i < list->children.size(); ++i) {
      ConfigNode& entry = list->children[i];
      std::string tag = entry_tag(entry);
      const std::string path = path_of(key) + "." + entry_label(*list, i);
      if (tag.empty())
        throw_error<ConfigError>("{}: {} = {}: expected `- KIND: {{...}}` where KIND is one of {}",
                                 entry.place, path, entry.summary(), fmt::join(tags, ", "));
      if (std::find(tags.begin(), tags.end(), tag) == tags.end()) {
        const std::string nearest = nearest_name(tag, tags);
        throw_error<ConfigError>("{}: {}: \"{}\" is unknown{}; expected one of {}", entry.place,
                                 path, tag, did_you_mean(nearest), fmt::join(tags, ", "));
      }
      ConfigNode bare;  // `- eval` has no settings
      bare.place = entry.place;
      enter(entry.kind == Kind::map ? &entry.children.front() : &bare, path, entry.place);
      item(i, tag, *this);
      end_section();
    }
  }

  [[noreturn]] void fail(const char* key, const std::string& message) override {
    const Frame& frame = frames_.back();
    const ConfigNode* node = frame.node ? frame.node->find(key) : nullptr;
    if (node)
      throw_error<ConfigError>("{}: {} = {}: {}", node->place, path_of(key), node->summary(),
                               message);
    // A key that is missed and a key that nobody knows are often one key, misspelt.
    if (frame.node) {
      for (const ConfigNode& child : frame.node->children)
        if (!child.read && nearest_name(child.key, {key}) == key) unknown_key(child, frame);
    }
    throw_error<ConfigError>("{}: {}: {}", frame.place, path_of(key), message);
  }

  bool reading() const override { return true; }
  bool has(const char* key) const override {
    return frames_.back().node && frames_.back().node->find(key);
  }

  void finish() { check_all_read(frames_.back()); }

 protected:
  bool begin_section(const char* key, const char*) override {
    ConfigNode* node = take(key);
    enter(node, path_of(key), node ? node->place : frames_.back().place);
    return true;
  }

  bool begin_optional(const char* key, bool& present, const char* doc) override {
    present = has(key);
    if (!present) {
      frames_.back().known.push_back(key);
      return false;
    }
    return begin_section(key, doc);
  }

  void end_section() override {
    check_all_read(frames_.back());
    frames_.pop_back();
  }

 private:
  struct Frame {
    ConfigNode* node;  // null: the file has not this mapping
    std::string path;
    std::string place;
    std::vector<std::string> known = {};
  };

  std::string path_of(const std::string& key) const {
    const std::string& path = frames_.back().path;
    return path.empty() ? key : path + "." + key;
  }

  static std::string did_you_mean(const std::string& nearest) {
    return nearest.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", nearest);
  }

  // `node` must be a mapping or nothing at all (`algorithm:` is an empty section).
  void enter(ConfigNode* node, const std::string& path, const std::string& place) {
    if (node && node->kind != Kind::map && node->kind != Kind::null)
      throw_error<ConfigError>("{}: {} = {}: expected a mapping of keys to values", place, path,
                               node->summary());
    frames_.push_back({.node = node, .path = path, .place = place});
  }

  ConfigNode* take(const char* key) {
    Frame& frame = frames_.back();
    frame.known.push_back(key);
    ConfigNode* node = frame.node ? frame.node->find(key) : nullptr;
    if (node) node->read = true;
    return node;
  }

  void check_all_read(const Frame& frame) const {
    if (!frame.node) return;
    for (const ConfigNode& child : frame.node->children)
      if (!child.read) unknown_key(child, frame);
  }

  [[noreturn]] void unknown_key(const ConfigNode& node, const Frame& frame) const {
    const std::string nearest = nearest_name(node.key, frame.known);
    throw_error<ConfigError>("{}: {}: unknown key \"{}\"{}", node.place, path_of(node.key),
                             node.key, did_you_mean(nearest));
  }

  [[noreturn]] void wrong_value(const ConfigNode& node, const char* key,
                                const std::string& expected) const {
    throw_error<ConfigError>("{}: {} = {}: expected {}", node.place, path_of(key), node.summary(),
                             expected);
  }

  template <class T>
  T number(const ConfigNode& node, const char* key, Range<T> range) const {
    T value{};
    if (!parse_number(node, value) || !(value >= range.low && value <= range.high))
      wrong_value(node, key, range_text(range));
    return value;
  }

  std::string word(const ConfigNode& node, const char* key) const {
    if (node.kind != Kind::scalar) wrong_value(node, key, "text");
    return node.text;
  }

  // A single value stands for a list of one: `train_files: a.jsonl`.
  template <class T, class Parse>
  void read_list(const char* key, std::vector<T>& value, const Parse& parse) {
    const ConfigNode* node = take(key);
    if (!node) return;
    std::vector<T> result;
    if (node->kind == Kind::scalar) {
      result.push_back(parse(*node));
    } else if (node->kind == Kind::list) {
      for (const ConfigNode& item : node->children) result.push_back(parse(item));
    } else {
      wrong_value(*node, key, "a list");
    }
    value = std::move(result);
  }

  std::vector<Frame> frames_;
};

}  // namespace

void read_config_text(const std::string& text, const std::string& name,
                      const std::vector<std::string>& overrides,
                      const std::function<void(Fields&)>& describe) {
  ConfigNode root = parse_config(text, name);
  if (root.kind != Kind::map && root.kind != Kind::null)
    throw_error<ConfigError>("{}: expected a mapping of keys to values", root.place);
  for (const std::string& override_text : overrides) apply_override(root, override_text);
  Reader reader(root);
  describe(reader);
  reader.finish();
}

void read_config_file(const std::string& path, const std::vector<std::string>& overrides,
                      const std::function<void(Fields&)>& describe) {
  std::string text;
  try {
    text = read_file(path);
  } catch (const InputError& e) {
    throw ConfigError(e.what());
  }
  read_config_text(text, path, overrides, describe);
}

}  // namespace cohort
