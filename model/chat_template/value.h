// The values of a template: those of Python that chat templates meet. A value is immutable, except
// a namespace and the things that remember a position (an iterator, a loop).
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cohort::chat {

// What Python would raise, or what is not supported. The interpreter adds file and line.
class Fault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Kind {
  kMissing,  // a variable without a value; never seen by an expression
  kUndefined,
  kNone,
  kBool,
  kInt,
  kFloat,
  kText,
  kList,
  kTuple,
  kDict,
  kNamespace,
  kRange,
  kView,      // dict.items(), keys(), values()
  kIterator,  // a generator: gives each item once
  kLoop,
  kMacro,
  kFunction,
  kMethod,
};

// depth: containers inside each other. Bounded by Heap, so that walks may recurse.
struct Object {
  virtual ~Object() = default;
  int depth = 0;
};

struct Undefined : Object {
  std::string message;  // of the error that its use raises
};

struct Text : Object {
  std::string bytes;    // UTF-8
  int64_t length = 0;   // code points
  bool markup = false;  // a markupsafe.Markup
  bool is_ascii() const { return length == static_cast<int64_t>(bytes.size()); }
};

struct Sequence;
class Dict;
struct Namespace;
struct Range;
struct View;
struct Iterator;
struct Loop;
struct Macro;
struct Function;
struct Method;

class Value {
 public:
  Value() = default;  // None
  static Value missing() { return Value(Kind::kMissing, nullptr); }
  static Value none() { return Value(); }
  static Value undefined(std::string message);
  static Value boolean(bool value);
  static Value integer(int64_t value);
  static Value real(double value);
  Value(Kind kind, std::shared_ptr<Object> object) : kind_(kind), object_(std::move(object)) {}

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_number() const { return is(Kind::kBool) || is(Kind::kInt) || is(Kind::kFloat); }
  bool is_integral() const { return is(Kind::kBool) || is(Kind::kInt); }
  bool is_sequence() const { return is(Kind::kList) || is(Kind::kTuple); }

  bool as_bool() const { return integer_ != 0; }
  int64_t as_integer() const { return integer_; }  // of an int or a bool
  double as_double() const { return is(Kind::kFloat) ? real_ : static_cast<double>(integer_); }

  const std::string& bytes() const { return get<Text>().bytes; }
  const std::vector<Value>& items() const;  // of a list or tuple

  template <class T>
  T& get() const {
    return *static_cast<T*>(object_.get());
  }
  template <class T>
  std::shared_ptr<T> share() const {
    return std::static_pointer_cast<T>(object_);
  }
  const Object* object() const { return object_.get(); }
  int depth() const { return object_ ? object_->depth : 0; }

 private:
  Kind kind_ = Kind::kNone;
  union {
    int64_t integer_ = 0;
    double real_;
  };
  std::shared_ptr<Object> object_;
};

struct Sequence : Object {
  std::vector<Value> items;
};

class Heap;

// In the order of insertion; 1, 1.0 and True are one key. Throws Fault for a key without a hash.
class Dict : public Object {
 public:
  using Entry = std::pair<Value, Value>;
  const Value* find(Heap& heap, const Value& key) const;
  const Value* find(std::string_view key) const;
  void set(Heap& heap, const Value& key, Value value);
  const std::vector<Entry>& entries() const { return entries_; }
  void clear();

 private:
  int64_t index_of(Heap& heap, const Value& key, size_t hash) const;

  std::vector<Entry> entries_;
  std::unordered_multimap<size_t, size_t> index_;
};

struct Namespace : Object {
  Dict attributes;
};

struct Range : Object {
  int64_t start = 0, stop = 0, step = 1, length = 0;
  int64_t at(int64_t index) const { return start + index * step; }
};

struct View : Object {
  enum class Part { kItems, kKeys, kValues } part = Part::kItems;
  std::shared_ptr<Dict> dict;
};

struct Iterator : Object {
  // False at the end, and from then on.
  virtual bool next(Value& item) = 0;
};

// As `type(value).__name__` says it.
std::string type_name(const Value& value);

}  // namespace cohort::chat
