// Typed YAML. A component's Config is a plain struct declared beside the component, with its
// defaults there and nowhere else, and one function that names its keys:
//
//   struct OptimConfig {
//     double lr = 1e-6;
//     void describe(Fields& f) {
//       f.field("lr", lr, "Peak learning rate.", at_least(0.0));
//       if (lr > 1) f.fail("lr", "is not a learning rate");   // cross-field rules live here too
//     }
//   };
//
// The same function reads a file, prints it with defaults and comments (--print-config), and knows
// the nearest name of a key that does not exist. All failures are ConfigError with
// file:line:column, the key's full path, the value and what was expected.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace cohort {

template <class T>
struct Range {
  T low = std::numeric_limits<T>::lowest();
  T high = std::numeric_limits<T>::max();
};
inline Range<double> at_least(double low) { return {.low = low}; }
inline Range<double> between(double low, double high) { return {low, high}; }
inline Range<int64_t> at_least_int(int64_t low) { return {.low = low}; }
inline Range<int64_t> between_int(int64_t low, int64_t high) { return {low, high}; }

class Fields {
 public:
  virtual ~Fields() = default;

  virtual void field(const char* key, bool& value, const char* doc) = 0;
  virtual void field(const char* key, int64_t& value, const char* doc,
                     Range<int64_t> range = {}) = 0;
  virtual void field(const char* key, double& value, const char* doc, Range<double> range = {}) = 0;
  // `choices` empty: any text.
  virtual void field(const char* key, std::string& value, const char* doc,
                     std::vector<std::string> choices = {}) = 0;
  virtual void field(const char* key, std::vector<std::string>& value, const char* doc) = 0;
  virtual void field(const char* key, std::vector<double>& value, const char* doc) = 0;
  virtual void field(const char* key, std::vector<int64_t>& value, const char* doc) = 0;

  // A nested mapping. C has describe(Fields&).
  template <class C>
  void section(const char* key, C& config, const char* doc) {
    if (begin_section(key, doc)) {
      config.describe(*this);
      end_section();
    }
  }
  // As section(), but `present` tells whether the file has the key at all; it is printed only then.
  template <class C>
  void optional_section(const char* key, bool& present, C& config, const char* doc) {
    if (begin_optional(key, present, doc)) {
      config.describe(*this);
      end_section();
    }
  }
  // A list of one-key mappings (`- sft: {...}`). When reading, `item` is called once an entry with
  // its tag and must describe it; when printing it is called `count` times with index and sets the
  // tag.
  using TaggedItem = std::function<void(size_t index, std::string& tag, Fields& fields)>;
  virtual void tagged_list(const char* key, size_t count, const std::vector<std::string>& tags,
                           const TaggedItem& item, const char* doc) = 0;

  // Throws ConfigError at the place of `key` in this mapping (or of the mapping when key is
  // absent). Does nothing while printing.
  virtual void fail(const char* key, const std::string& message) = 0;
  virtual bool reading() const = 0;
  // True while reading a mapping that has this key: for defaults that depend on other keys.
  virtual bool has(const char* key) const = 0;

 protected:
  virtual bool begin_section(const char* key, const char* doc) = 0;
  virtual bool begin_optional(const char* key, bool& present, const char* doc) = 0;
  virtual void end_section() = 0;
};

// `overrides` are "a.b=c"; list entries are named by index or by their `name`
// (pipeline.rl.rollout.n=8). The value is YAML. Calls describe on the root; throws ConfigError also
// for keys that nobody read.
void read_config_file(const std::string& path, const std::vector<std::string>& overrides,
                      const std::function<void(Fields&)>& describe);
void read_config_text(const std::string& text, const std::string& name,
                      const std::vector<std::string>& overrides,
                      const std::function<void(Fields&)>& describe);
// The resolved configuration as YAML; with_docs adds each key's comment.
std::string print_config(const std::function<void(Fields&)>& describe, bool with_docs);

}  // namespace cohort
