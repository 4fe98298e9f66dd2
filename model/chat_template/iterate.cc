#include "model/chat_template/iterate.h"

#include <fmt/format.h>

#include "model/chat_template/code_points.h"
#include "model/chat_template/loops.h"

namespace cohort::chat {
namespace {

struct Generator : Iterator {
  Heap* heap;
  Generate step;
  bool ended = false;
  bool next(Value& item) override {
    if (ended) return false;
    heap->step();
    ended = !step(item);
    return !ended;
  }
};

std::shared_ptr<Generator> make_generator(Heap& heap, const Value& around, Generate step) {
  heap.charge(256);
  auto out = std::make_shared<Generator>();
  out->heap = &heap;
  out->step = std::move(step);
  out->depth = heap.depth_around(around);
  return out;
}

// The `index`-th of what has a length and no characters.
Value item_at(Heap& heap, const Value& value, int64_t index) {
  switch (value.kind()) {
    case Kind::kRange:
      return Value::integer(value.get<Range>().at(index));
    case Kind::kDict:
      return value.get<Dict>().entries()[index].first;
    case Kind::kView: {
      const View& view = value.get<View>();
      const auto& [key, item] = view.dict->entries()[index];
      if (view.part == View::Part::kKeys) return key;
      if (view.part == View::Part::kValues) return item;
      return heap.tuple({key, item});
    }
    default:
      return value.items()[index];
  }
}

}  // namespace

Value generator(Heap& heap, const Value& around, Generate step) {
  return Value(Kind::kIterator, make_generator(heap, around, std::move(step)));
}

bool is_iterable(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kText:
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kDict:
    case Kind::kRange:
    case Kind::kView:
    case Kind::kIterator:
    case Kind::kLoop:
      return true;
    default:
      return false;
  }
}

std::shared_ptr<Iterator> iterate(Heap& heap, const Value& value) {
  if (!is_iterable(value))
    throw Fault(fmt::format("'{}' object is not iterable", type_name(value)));
  if (value.is(Kind::kLoop)) throw Fault("iterating over 'loop' is not supported");
  if (value.is(Kind::kIterator)) return value.share<Iterator>();
  if (value.is(Kind::kUndefined)) return make_generator(heap, value, [](Value&) { return false; });
  if (value.is(Kind::kText))
    return make_generator(heap, value, [&heap, value, at = size_t{0}](Value& item) mutable {
      if (at == value.bytes().size()) return false;
      const size_t begin = at;
      next_code_point(value.bytes(), at);
      item = heap.text(value.bytes().substr(begin, at - begin));
      return true;
    });
  return make_generator(heap, value, [&heap, value, at = int64_t{0}](Value& item) mutable {
    if (at == length_of(value)) return false;
    item = item_at(heap, value, at++);
    return true;
  });
}

std::shared_ptr<Iterator> iterate_backwards(Heap& heap, const Value& value) {
  if (value.is(Kind::kUndefined)) return iterate(heap, value);
  if (value.is(Kind::kText)) {
    return make_generator(heap, value,
                          [&heap, value, at = value.bytes().size()](Value& item) mutable {
                            if (at == 0) return false;
                            const size_t end = at;
                            previous_code_point(value.bytes(), at);
                            item = heap.text(value.bytes().substr(at, end - at));
                            return true;
                          });
  }
  if (length_or_negative(value) < 0 || value.is(Kind::kLoop))
    throw Fault(fmt::format("'{}' object is not reversible", type_name(value)));
  return make_generator(heap, value, [&heap, value, at = length_of(value)](Value& item) mutable {
    if (at == 0) return false;
    item = item_at(heap, value, --at);
    return true;
  });
}

std::vector<Value> list_of(Heap& heap, const Value& value) {
  std::vector<Value> out;
  const auto items = iterate(heap, value);
  for (Value item; items->next(item);) {
    heap.charge_items(1);
    out.push_back(item);
  }
  return out;
}

int64_t length_or_negative(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return 0;
    case Kind::kText:
      return value.get<Text>().length;
    case Kind::kList:
    case Kind::kTuple:
      return static_cast<int64_t>(value.items().size());
    case Kind::kDict:
      return static_cast<int64_t>(value.get<Dict>().entries().size());
    case Kind::kRange:
      return value.get<Range>().length;
    case Kind::kView:
      return static_cast<int64_t>(value.get<View>().dict->entries().size());
    case Kind::kLoop:
      return value.get<Loop>().total();
    default:
      return -1;
  }
}

int64_t length_of(const Value& value) {
  const int64_t length = length_or_negative(value);
  if (length < 0) throw Fault(fmt::format("object of type '{}' has no len()", type_name(value)));
  return length;
}

}  // namespace cohort::chat
