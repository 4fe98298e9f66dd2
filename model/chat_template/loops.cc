#include "model/chat_template/loops.h"

#include <vector>

#include "model/chat_template/compare.h"
#include "model/chat_template/iterate.h"

namespace cohort::chat {

Loop::Loop(Heap& heap, const Value& over, std::shared_ptr<Iterator> items, int depth)
    : depth0(depth), heap_(heap), over_(over), items_(std::move(items)) {
  this->depth = heap.depth_of(heap.depth_around(over));
}

bool Loop::next(Value& item) {
  if (has_after_) {
    item = std::move(after_);
    has_after_ = false;
  } else if (!items_->next(item)) {
    return false;
  }
  ++index0_;
  before_ = std::move(current_);
  current_ = item;
  return true;
}

int64_t Loop::total() {
  if (total_ >= 0) return total_;
  if (const int64_t length = over_.is(Kind::kMissing) ? -1 : length_or_negative(over_); length >= 0)
    return total_ = length;
  std::vector<Value> rest;
  for (Value item; items_->next(item);) {
    heap_.charge_items(1);
    rest.push_back(item);
  }
  total_ = static_cast<int64_t>(rest.size()) + index0_ + 1 + (has_after_ ? 1 : 0);
  items_ = iterate(heap_, heap_.list(std::move(rest)));
  return total_;
}

bool Loop::peek() {
  if (!has_after_) has_after_ = items_->next(after_);
  return has_after_;
}

bool Loop::attribute(std::string_view name, Value& out) {
  if (name == "index0")
    out = Value::integer(index0_);
  else if (name == "index")
    out = Value::integer(index0_ + 1);
  else if (name == "first")
    out = Value::boolean(index0_ == 0);
  else if (name == "last")
    out = Value::boolean(!peek());
  else if (name == "length")
    out = Value::integer(total());
  else if (name == "revindex")
    out = Value::integer(total() - index0_);
  else if (name == "revindex0")
    out = Value::integer(total() - index0_ - 1);
  else if (name == "depth")
    out = Value::integer(depth0 + 1);
  else if (name == "depth0")
    out = Value::integer(depth0);
  else if (name == "previtem")
    out = index0_ == 0 ? Value::undefined("there is no previous item") : before_;
  else if (name == "nextitem")
    out = peek() ? after_ : Value::undefined("there is no next item");
  else
    return false;
  return true;
}

bool Loop::changed(const Value& values) {
  if (!last_changed_.is(Kind::kMissing) && equal(heap_, last_changed_, values)) return false;
  last_changed_ = values;
  return true;
}

}  // namespace cohort::chat
