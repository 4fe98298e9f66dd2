#include "model/chat_template/heap.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/chat_template/code_points.h"
#include "model/chat_template/interpreter.h"

namespace cohort::chat {
namespace {

constexpr int64_t kObjectBytes = 128;
constexpr int64_t kScopeBytes = 512;

}  // namespace

Heap::~Heap() {
  for (const auto& scope : scopes_)
    for (Value& slot : scope->slots) slot = Value::missing();
  for (const auto& object : namespaces_) object->attributes.clear();
}

void Heap::step(int64_t count) {
  steps_ += count;
  if (steps_ > limits_.steps) throw Fault(fmt::format("more than {} steps of work", limits_.steps));
}

void Heap::allow(int64_t bytes) const {
  if (bytes > limits_.bytes - bytes_)
    throw Fault(fmt::format("more than {} bytes of values", limits_.bytes));
}

void Heap::charge(int64_t bytes) {
  allow(bytes);
  bytes_ += bytes;
}

void Heap::charge_items(size_t count) { charge(static_cast<int64_t>(count * sizeof(Value))); }

int Heap::depth_of(int inner) const {
  if (inner >= limits_.depth)
    throw Fault(fmt::format("more than {} values inside each other", limits_.depth));
  return inner + 1;
}

Value Heap::text(std::string bytes, bool markup) {
  charge(static_cast<int64_t>(bytes.size()) + kObjectBytes);
  auto object = std::make_shared<Text>();
  object->length = count_code_points(bytes);
  object->bytes = std::move(bytes);
  object->markup = markup;
  return Value(Kind::kText, std::move(object));
}

Value Heap::sequence(Kind kind, std::vector<Value> items) {
  charge_items(items.size());
  charge(kObjectBytes);
  auto object = std::make_shared<Sequence>();
  int inner = 0;
  for (const Value& item : items) inner = std::max(inner, item.depth());
  object->depth = depth_of(inner);
  object->items = std::move(items);
  return Value(kind, std::move(object));
}

Value Heap::dict(std::shared_ptr<Dict> dict) {
  charge(kObjectBytes);
  int inner = 0;
  for (const auto& [key, value] : dict->entries())
    inner = std::max({inner, key.depth(), value.depth()});
  dict->depth = depth_of(inner);
  return Value(Kind::kDict, std::move(dict));
}

Value Heap::make_namespace(std::shared_ptr<Dict> attributes) {
  charge(kScopeBytes);
  auto object = std::make_shared<Namespace>();
  for (const auto& [key, value] : attributes->entries()) object->attributes.set(*this, key, value);
  namespaces_.push_back(object);
  return Value(Kind::kNamespace, std::move(object));
}

void Heap::keep(std::shared_ptr<Scope> scope) {
  charge(kScopeBytes);
  scopes_.push_back(std::move(scope));
}

}  // namespace cohort::chat
