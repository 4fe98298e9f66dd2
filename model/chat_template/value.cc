#include "model/chat_template/value.h"

#include "model/chat_template/compare.h"
#include "model/chat_template/heap.h"

namespace cohort::chat {
namespace {

constexpr size_t kIndexFrom = 8;  // fewer entries are faster to look through

}  // namespace

Value Value::undefined(std::string message) {
  auto object = std::make_shared<Undefined>();
  object->message = std::move(message);
  return Value(Kind::kUndefined, std::move(object));
}

Value Value::boolean(bool value) {
  Value out(Kind::kBool, nullptr);
  out.integer_ = value;
  return out;
}

Value Value::integer(int64_t value) {
  Value out(Kind::kInt, nullptr);
  out.integer_ = value;
  return out;
}

Value Value::real(double value) {
  Value out(Kind::kFloat, nullptr);
  out.real_ = value;
  return out;
}

const std::vector<Value>& Value::items() const { return get<Sequence>().items; }

int64_t Dict::index_of(Heap& heap, const Value& key, size_t hash) const {
  if (entries_.size() < kIndexFrom) {
    for (size_t i = 0; i < entries_.size(); ++i)
      if (equal(heap, entries_[i].first, key)) return static_cast<int64_t>(i);
    return -1;
  }
  const auto [begin, end] = index_.equal_range(hash);
  for (auto it = begin; it != end; ++it)
    if (equal(heap, entries_[it->second].first, key)) return static_cast<int64_t>(it->second);
  return -1;
}

const Value* Dict::find(Heap& heap, const Value& key) const {
  const int64_t at = index_of(heap, key, hash_of(heap, key));
  return at < 0 ? nullptr : &entries_[at].second;
}

const Value* Dict::find(std::string_view key) const {
  if (entries_.size() < kIndexFrom) {
    for (const auto& [name, value] : entries_)
      if (name.is(Kind::kText) && name.bytes() == key) return &value;
    return nullptr;
  }
  const auto [begin, end] = index_.equal_range(hash_of_text(key));
  for (auto it = begin; it != end; ++it)
    if (const Value& name = entries_[it->second].first; name.is(Kind::kText) && name.bytes() == key)
      return &entries_[it->second].second;
  return nullptr;
}

void Dict::set(Heap& heap, const Value& key, Value value) {
  const size_t hash = hash_of(heap, key);
  if (const int64_t at = index_of(heap, key, hash); at >= 0) {
    entries_[at].second = std::move(value);
    return;
  }
  heap.charge_items(2);
  entries_.emplace_back(key, std::move(value));
  if (entries_.size() == kIndexFrom) {
    for (size_t i = 0; i < entries_.size(); ++i)
      index_.emplace(hash_of(heap, entries_[i].first), i);
  } else if (entries_.size() > kIndexFrom) {
    index_.emplace(hash, entries_.size() - 1);
  }
}

void Dict::clear() {
  // Moved out first: what an entry holds may end up here again.
  const std::vector<Entry> gone = std::move(entries_);
  entries_.clear();
  index_.clear();
}

std::string type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::kMissing:
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kText:
      return value.get<Text>().markup ? "Markup" : "str";
    case Kind::kList:
      return "list";
    case Kind::kTuple:
      return "tuple";
    case Kind::kDict:
      return "dict";
    case Kind::kNamespace:
      return "namespace";
    case Kind::kRange:
      return "range";
    case Kind::kView:
      return "dict view";
    case Kind::kIterator:
      return "generator";
    case Kind::kLoop:
      return "LoopContext";
    case Kind::kMacro:
      return "Macro";
    case Kind::kFunction:
      return "function";
    case Kind::kMethod:
      return "method";
  }
  return "object";
}

}  // namespace cohort::chat
