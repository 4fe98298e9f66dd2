// A YAML document as a plain tree in which every node knows where it was written.
#pragma once

#include <string>
#include <vector>

namespace cohort {

struct ConfigNode {
  enum class Kind { null, scalar, list, map };

  Kind kind = Kind::null;
  std::string key;      // in a map; empty in a list and at the root
  std::string place;    // "file:line:column" of the key or list entry, or `override "a.b=c"`
  std::string text;     // of a scalar
  bool quoted = false;  // a quoted scalar is text, whatever it looks like
  std::vector<ConfigNode> children;  // of a list or map
  bool read = false;                 // somebody asked for this key

  ConfigNode* find(const std::string& child_key);
  const ConfigNode* find(const std::string& child_key) const;
  // The value in one line, for messages; long ones are cut.
  std::string summary() const;
};

// Throws ConfigError for bad syntax, a key that appears twice, more than one document. Places are
// `name`:line:column, or `fixed_place` where given.
ConfigNode parse_config(const std::string& text, const std::string& name,
                        const std::string& fixed_place = "");

// What an entry of a tagged list (`- grpo: {name: rl}`, or `- eval` alone) is called in paths: its
// `name`, else its tag where no other entry has that tag, else its index.
std::string entry_label(const ConfigNode& list, size_t index);
// The tag; empty when the entry has not that form.
std::string entry_tag(const ConfigNode& entry);

// Sets "a.b=c" in the tree; keys that are absent are made, so that the reader can judge them.
void apply_override(ConfigNode& root, const std::string& override_text);

}  // namespace cohort
