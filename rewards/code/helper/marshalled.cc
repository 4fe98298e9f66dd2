#include "rewards/code/helper/marshalled.h"

#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/base/error.h"
#include "rewards/code/python_literal.h"

namespace cohort::judge {
namespace {

using Kind = Value::Kind;

// Of Python's Python/marshal.c: a letter, then sizes of four and digits of two bytes, lowest first.
// The same in all versions of the format.
class MarshalWriter {
 public:
  void write(const Value& value) {
    switch (value.kind) {
      case Kind::none:
        bytes_ += 'N';
        break;
      case Kind::boolean:
        bytes_ += value.truth ? 'T' : 'F';
        break;
      case Kind::integer:
        write_integer(value);
        break;
      case Kind::real:
        bytes_ += 'g';
        put(std::bit_cast<uint64_t>(value.real), 8);
        break;
      case Kind::text:
      case Kind::bytes:
        bytes_ += value.kind == Kind::text ? 'u' : 's';
        put_size(value.text.size());
        bytes_ += value.text;
        break;
      case Kind::list:
      case Kind::tuple:
      case Kind::set:
        bytes_ += value.kind == Kind::list ? '[' : value.kind == Kind::tuple ? '(' : '<';
        put_size(value.items.size());
        for (const Value& item : value.items) write(item);
        break;
      case Kind::dict:
        bytes_ += '{';
        for (const Value& item : value.items) write(item);
        bytes_ += '0';
        break;
    }
  }
  std::string take() { return std::move(bytes_); }

 private:
  void put(uint64_t number, int count) {
    for (; count > 0; --count, number >>= 8) bytes_ += static_cast<char>(number & 0xff);
  }
  void put_size(size_t size) {
    if (size > std::numeric_limits<int32_t>::max()) throw_error<InputError>("a value too large");
    put(size, 4);
  }

  void write_integer(const Value& value) {
    int64_t small = 0;
    if (to_int64(value, small) && small == static_cast<int32_t>(small)) {
      bytes_ += 'i';
      put(static_cast<uint64_t>(small), 4);
      return;
    }
    const bool negative = value.text.starts_with('-');
    const std::vector<uint16_t> digits = base_32768(value.text.substr(negative ? 1 : 0));
    const auto count = static_cast<int64_t>(digits.size());
    bytes_ += 'l';
    put(static_cast<uint64_t>(negative ? -count : count), 4);
    for (const uint16_t digit : digits) put(digit, 2);
  }

  // The lowest first, and the highest not 0.
  static std::vector<uint16_t> base_32768(const std::string& decimal) {
    constexpr uint64_t kGroup = 1'000'000'000;
    std::vector<uint64_t> groups;  // of nine decimal digits, the highest first
    for (size_t at = 0, size = (decimal.size() + 8) % 9 + 1; at < decimal.size(); size = 9) {
      groups.push_back(std::stoull(decimal.substr(at, size)));
      at += size;
    }
    std::vector<uint16_t> digits;
    for (size_t first = 0; first < groups.size();) {
      uint64_t rest = 0;
      for (size_t i = first; i < groups.size(); ++i) {
        rest = rest * kGroup + groups[i];
        groups[i] = rest >> 30;
        rest &= (1U << 30) - 1;
      }
      digits.push_back(static_cast<uint16_t>(rest & 0x7fff));
      digits.push_back(static_cast<uint16_t>(rest >> 15));
      while (first < groups.size() && groups[first] == 0) ++first;
    }
    while (!digits.empty() && digits.back() == 0) digits.pop_back();
    return digits;
  }

  std::string bytes_;
};

}  // namespace

std::string marshalled(const Value& value) {
  MarshalWriter writer;
  writer.write(value);
  return writer.take();
}

std::string marshalled(const std::string& literal) {
  // The problem's own limits were kept where it was read.
  const std::optional<Value> value = parse_literal(literal, {.nodes = size_t{1} << 28});
  if (!value) throw_error<InputError>("the arguments of the call are no Python literal");
  return marshalled(*value);
}

}  // namespace cohort::judge
