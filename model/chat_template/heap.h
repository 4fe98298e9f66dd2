// Makes the values of one rendering, and counts what it costs: a hostile template ends with a Fault
// instead of a full memory or a busy processor.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/chat_template/value.h"

namespace cohort::chat {

struct Limits {
  int64_t steps = 20'000'000;        // evaluated nodes, items, and each 16 bytes of text looked at
  int64_t bytes = int64_t{1} << 28;  // of all values made, freed or not
  int64_t output = int64_t{1} << 26;
  int depth = 100;     // containers in containers
  int nesting = 1000;  // of what is being evaluated: the processor's stack
};

struct Scope;

class Heap {
 public:
  explicit Heap(const Limits& limits) : limits_(limits) {}
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  const Limits& limits() const { return limits_; }
  void step(int64_t count = 1);
  // Reading so many bytes of text.
  void read(size_t size) { step(1 + static_cast<int64_t>(size / 16)); }
  // Throws unless so much more may be made; for results whose size is known before.
  void allow(int64_t bytes) const;
  void charge(int64_t bytes);
  void charge_items(size_t count);
  // Of a container around `inner`.
  int depth_around(const Value& inner) const { return depth_of(inner.depth()); }
  int depth_of(int inner) const;

  // UTF-8.
  Value text(std::string bytes, bool markup = false);
  Value list(std::vector<Value> items) { return sequence(Kind::kList, std::move(items)); }
  Value tuple(std::vector<Value> items) { return sequence(Kind::kTuple, std::move(items)); }
  Value dict(std::shared_ptr<Dict> dict);  // filled already
  Value make_namespace(std::shared_ptr<Dict> attributes);

  // The scope may be held by a macro that it holds itself.
  void keep(std::shared_ptr<Scope> scope);

 private:
  Value sequence(Kind kind, std::vector<Value> items);

  Limits limits_;
  int64_t steps_ = 0;
  int64_t bytes_ = 0;
  // What may hold itself, to be emptied at the end.
  std::vector<std::shared_ptr<Namespace>> namespaces_;
  std::vector<std::shared_ptr<Scope>> scopes_;
};

}  // namespace cohort::chat
