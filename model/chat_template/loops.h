// The `loop` of a for loop. It reads ahead only when asked to, as Jinja's does: the items of a
// generator may depend on what the body does.
#pragma once

#include <memory>

#include "model/chat_template/heap.h"
#include "model/chat_template/value.h"

namespace cohort::chat {

struct Statement;

struct Loop : Iterator {
  Loop(Heap& heap, const Value& over, std::shared_ptr<Iterator> items, int depth0);

  bool next(Value& item) override;
  int64_t total();  // loop.length
  // index, first, last, ...; none when the name is no attribute of a loop's.
  bool attribute(std::string_view name, Value& out);
  bool changed(const Value& values);  // a tuple

  // Of a recursive loop: what `loop(items)` renders, else null.
  const Statement* statement = nullptr;
  std::shared_ptr<Scope> around;
  int depth0;

 private:
  bool peek();

  Heap& heap_;
  Value over_;
  std::shared_ptr<Iterator> items_;
  int64_t index0_ = -1;
  int64_t total_ = -1;
  bool has_after_ = false;
  Value after_, current_, before_, last_changed_ = Value::missing();
};

}  // namespace cohort::chat
