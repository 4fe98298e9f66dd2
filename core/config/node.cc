#include "core/config/node.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "core/base/error.h"

namespace cohort {
namespace {

constexpr int kMaxDepth = 64;  // an alias to one of its own ancestors has no end
constexpr size_t kSummaryLength = 60;

struct Source {
  const std::string& name;
  const std::string& fixed_place;

  std::string place(const YAML::Mark& mark) const {
    if (!fixed_place.empty()) return fixed_place;
    return fmt::format("{}:{}:{}", name, mark.line + 1, mark.column + 1);
  }
};

ConfigNode convert(const YAML::Node& yaml, const Source& source, int depth) {
  ConfigNode node;
  node.place = source.place(yaml.Mark());
  if (depth > kMaxDepth)
    throw_error<ConfigError>("{}: nested more than {} levels deep", node.place, kMaxDepth);
  switch (yaml.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      break;
    case YAML::NodeType::Scalar:
      node.kind = ConfigNode::Kind::scalar;
      node.text = yaml.Scalar();
      node.quoted = yaml.Tag() == "!";  // yaml-cpp's mark of a quoted scalar; a plain one has "?"
      break;
    case YAML::NodeType::Sequence:
      node.kind = ConfigNode::Kind::list;
      for (const YAML::Node& item : yaml) node.children.push_back(convert(item, source, depth + 1));
      break;
    case YAML::NodeType::Map:
      node.kind = ConfigNode::Kind::map;
      for (const auto& pair : yaml) {
        const std::string place = source.place(pair.first.Mark());
        if (!pair.first.IsScalar()) throw_error<ConfigError>("{}: a key must be a word", place);
        const std::string key = pair.first.Scalar();
        if (const ConfigNode* first = node.find(key))
          throw_error<ConfigError>("{}: key \"{}\" appears twice, first at {}", place, key,
                                   first->place);
        node.children.push_back(convert(pair.second, source, depth + 1));
        node.children.back().key = key;
        node.children.back().place = place;
      }
      break;
  }
  return node;
}

}  // namespace

ConfigNode* ConfigNode::find(const std::string& child_key) {
  const auto it = std::find_if(children.begin(), children.end(),
                               [&](const ConfigNode& child) { return child.key == child_key; });
  return it == children.end() ? nullptr : &*it;
}

const ConfigNode* ConfigNode::find(const std::string& child_key) const {
  return const_cast<ConfigNode*>(this)->find(child_key);
}

std::string ConfigNode::summary() const {
  switch (kind) {
    case Kind::null:
      return "(nothing)";
    case Kind::list:
      return fmt::format("(a list of {})", children.size());
    case Kind::map:
      return children.empty() ? "{}" : fmt::format("{{{}: ...}}", children.front().key);
    case Kind::scalar:
      break;
  }
  const std::string line = text.substr(0, text.find('\n'));
  const bool whole = line.size() == text.size() && line.size() <= kSummaryLength;
  const std::string shown = whole ? line : line.substr(0, kSummaryLength) + "...";
  return quoted ? '"' + shown + '"' : shown;
}

ConfigNode parse_config(const std::string& text, const std::string& name,
                        const std::string& fixed_place) {
  const Source source{name, fixed_place};
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1)
      throw_error<ConfigError>("{}: holds {} YAML documents; expected one",
                               source.place(documents[1].Mark()), documents.size());
    ConfigNode root = documents.empty() ? ConfigNode{} : convert(documents.front(), source, 0);
    if (root.kind == ConfigNode::Kind::null)
      root.place = fixed_place.empty() ? name + ":1:1" : fixed_place;
    return root;
  } catch (const YAML::Exception& e) {
    throw_error<ConfigError>("{}: not valid YAML: {}", source.place(e.mark), e.msg);
  }
}

std::string entry_tag(const ConfigNode& entry) {
  if (entry.kind == ConfigNode::Kind::scalar) return entry.text;
  if (entry.kind == ConfigNode::Kind::map && entry.children.size() == 1)
    return entry.children.front().key;
  return "";
}

std::string entry_label(const ConfigNode& list, size_t index) {
  const ConfigNode& entry = list.children[index];
  if (entry.kind == ConfigNode::Kind::map && entry.children.size() == 1) {
    const ConfigNode* name = entry.children.front().find("name");
    if (name && name->kind == ConfigNode::Kind::scalar && !name->text.empty()) return name->text;
  }
  const std::string tag = entry_tag(entry);
  const auto same = std::count_if(list.children.begin(), list.children.end(),
                                  [&](const ConfigNode& other) { return entry_tag(other) == tag; });
  return !tag.empty() && same == 1 ? tag : std::to_string(index);
}

}  // namespace cohort
