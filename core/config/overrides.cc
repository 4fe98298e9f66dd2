#include <algorithm>
#include <charconv>
#include <optional>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/config/node.h"

namespace cohort {
namespace {

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> parts(1);
  for (const char c : path) {
    if (c == '.')
      parts.emplace_back();
    else
      parts.back().push_back(c);
  }
  return parts;
}

std::optional<size_t> parse_index(const std::string& part) {
  size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc{} || end != part.data() + part.size()) return std::nullopt;
  return index;
}

// The entry of a list that `part` names: by index, by label, or by a tag that only one entry has.
ConfigNode& find_entry(ConfigNode& list, const std::string& list_path, const std::string& part,
                       const std::string& place) {
  if (const auto index = parse_index(part)) {
    if (*index < list.children.size()) return list.children[*index];
    throw_error<ConfigError>("{}: {} has {} entries, counted from 0", place, list_path,
                             list.children.size());
  }
  std::vector<std::string> labels;
  std::vector<size_t> matches, tag_matches;
  for (size_t i = 0; i < list.children.size(); ++i) {
    labels.push_back(entry_label(list, i));
    if (labels.back() == part) matches.push_back(i);
    if (entry_tag(list.children[i]) == part) tag_matches.push_back(i);
  }
  if (matches.empty()) matches = tag_matches;
  if (matches.size() == 1) return list.children[matches.front()];
  if (matches.size() > 1)
    throw_error<ConfigError>("{}: {} entries of {} are called \"{}\"; give the index instead",
                             place, matches.size(), list_path, part);
  const std::string nearest = nearest_name(part, labels);
  throw_error<ConfigError>("{}: {} has no entry \"{}\"{}; its entries: {}", place, list_path, part,
                           nearest.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", nearest),
                           fmt::join(labels, ", "));
}

// The mapping behind the tag of a list entry; an entry that is no tagged mapping stays itself.
ConfigNode& behind_tag(ConfigNode& entry) {
  if (entry.kind == ConfigNode::Kind::scalar) {  // `- eval` becomes `- eval: {}`
    ConfigNode value;
    value.key = entry.text;
    value.place = entry.place;
    entry.kind = ConfigNode::Kind::map;
    entry.children = {value};
  }
  const bool tagged = entry.kind == ConfigNode::Kind::map && entry.children.size() == 1;
  return tagged ? entry.children.front() : entry;
}

}  // namespace

void apply_override(ConfigNode& root, const std::string& override_text) {
  const std::string place = fmt::format("override \"{}\"", override_text);
  const size_t equals = override_text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw_error<ConfigError>("{}: expected key=value, such as run.seed=2", place);
  const std::vector<std::string> parts = split_path(override_text.substr(0, equals));
  if (std::find(parts.begin(), parts.end(), "") != parts.end())
    throw_error<ConfigError>("{}: a part of the key is empty", place);

  ConfigNode value;
  try {
    value = parse_config(override_text.substr(equals + 1), "", place);
  } catch (const ConfigError& e) {
    throw_error<ConfigError>("{}; put quotes around text that has special characters", e.what());
  }

  ConfigNode* node = &root;
  std::string path;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (node->kind == ConfigNode::Kind::list) {
      ConfigNode& entry = find_entry(*node, path, parts[i], place);
      const bool plain_value = i + 1 == parts.size() && entry.kind != ConfigNode::Kind::map;
      node = plain_value ? &entry : &behind_tag(entry);
    } else {
      if (node->kind !=
          ConfigNode::Kind::map) {  // absent so far, or a value that becomes a mapping
        node->kind = ConfigNode::Kind::map;
        node->children.clear();
      }
      ConfigNode* child = node->find(parts[i]);
      if (!child) {
        child = &node->children.emplace_back();
        child->key = parts[i];
        child->place = place;
      }
      node = child;
    }
    path += (path.empty() ? "" : ".") + parts[i];
  }
  value.key = node->key;
  *node = std::move(value);
}

}  // namespace cohort
