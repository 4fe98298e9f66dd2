#include "model/chat_template/arguments.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/chat_template/compare.h"

namespace cohort::chat {

Bound::Bound(const Arguments& arguments, std::string_view callee,
             std::initializer_list<std::string_view> parameters, size_t required)
    : values_(parameters.size(), Value::missing()) {
  if (arguments.positional.size() > parameters.size())
    throw Fault(fmt::format("{} takes at most {} arguments, {} given", callee, parameters.size(),
                            arguments.positional.size()));
  std::copy(arguments.positional.begin(), arguments.positional.end(), values_.begin());
  for (const auto& [name, value] : arguments.named) {
    const size_t at = std::find(parameters.begin(), parameters.end(), name) - parameters.begin();
    if (at == parameters.size())
      throw Fault(fmt::format("{} got an unexpected keyword argument '{}'", callee, name));
    if (has(at)) throw Fault(fmt::format("{} got two values for '{}'", callee, name));
    values_[at] = value;
  }
  for (size_t i = 0; i < required; ++i)
    if (!has(i))
      throw Fault(fmt::format("{} misses the argument '{}'", callee, *(parameters.begin() + i)));
}

int64_t Bound::integer(size_t index, int64_t otherwise) const {
  return has(index) ? index_of(at(index)) : otherwise;
}

bool Bound::truth(size_t index, bool otherwise) const {
  return has(index) ? is_true(at(index)) : otherwise;
}

void expect_positional(const Arguments& arguments, std::string_view callee, size_t least,
                       size_t most) {
  if (!arguments.named.empty()) throw Fault(fmt::format("{} takes no keyword arguments", callee));
  const size_t count = arguments.positional.size();
  if (count < least || count > most)
    throw Fault(fmt::format("{} takes {} to {} arguments, {} given", callee, least, most, count));
}

int64_t index_of(const Value& value) {
  if (!value.is_integral())
    throw Fault(fmt::format("'{}' object cannot be interpreted as an integer", type_name(value)));
  return value.as_integer();
}

const std::string& expect_text(const Value& value, std::string_view callee) {
  if (!value.is(Kind::kText))
    throw Fault(fmt::format("{} takes a str, not {}", callee, type_name(value)));
  return value.bytes();
}

}  // namespace cohort::chat
