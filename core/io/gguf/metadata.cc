#include <cmath>
#include <concepts>
#include <limits>
#include <type_traits>

#include "core/base/error.h"
#include "core/io/gguf/layout.h"
#include "core/io/shown.h"

namespace cohort {
namespace {

template <class T>
constexpr bool kIsInteger = std::is_integral_v<T> && !std::is_same_v<T, bool>;

template <class T>
struct ElementOf {
  using Type = void;  // no array
};
template <class T>
struct ElementOf<std::vector<T>> {
  using Type = T;
};
template <class T>
using Element = typename ElementOf<std::decay_t<T>>::Type;

// What a value is, for messages.
std::string kind(const GgufValue& value) {
  static constexpr const char* kNames[] = {"u8",  "i8",     "u16",      "i16", "u32", "i32",
                                           "f32", "a bool", "a string", "u64", "i64", "f64"};
  constexpr size_t kScalars = std::size(kNames);
  static_assert(std::variant_size_v<GgufValue> == 2 * kScalars);
  if (value.index() < kScalars) return kNames[value.index()];
  const size_t size = std::visit(
      [](const auto& held) -> size_t {
        if constexpr (std::is_void_v<Element<decltype(held)>>) {
          return 0;
        } else {
          return held.size();
        }
      },
      value);
  std::string_view element = kNames[value.index() - kScalars];
  if (element.starts_with("a ")) element.remove_prefix(2);
  return fmt::format("an array of {} {}", size, element);
}

[[noreturn]] void wrong_kind(const GgufMetadata& metadata, std::string_view key,
                             const GgufValue& value, const std::string& expected) {
  throw_error<InputError>("{}: key {} is {}, expected {}", metadata.file(), shown(key), kind(value),
                          expected);
}

template <class T>
int64_t in_range(const GgufMetadata& metadata, std::string_view key, T value, int64_t lowest,
                 int64_t highest) {
  if (!std::in_range<int64_t>(value) || static_cast<int64_t>(value) < lowest ||
      static_cast<int64_t>(value) > highest)
    throw_error<InputError>("{}: key {}: {} is not from {} to {}", metadata.file(), shown(key),
                            value, lowest, highest);
  return static_cast<int64_t>(value);
}

// The elements of an array of integers of any width; false when the value is none.
bool append_integers(const GgufMetadata& metadata, std::string_view key, const GgufValue& value,
                     int64_t lowest, int64_t highest, std::vector<int64_t>& out) {
  return std::visit(
      [&](const auto& held) {
        if constexpr (kIsInteger<Element<decltype(held)>>) {
          out.reserve(held.size());
          for (const auto element : held)
            out.push_back(in_range(metadata, key, element, lowest, highest));
          return true;
        }
        return false;
      },
      value);
}

}  // namespace

const GgufValue* GgufMetadata::find(std::string_view key) const {
  const auto found = index_.find(std::string(key));
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

void GgufMetadata::add(std::string key, GgufValue value) {
  const std::string fault = gguf_layout::fault_of_key(key);
  COHORT_CHECK(fault.empty(), "{}: key {} {}", file_, shown(key), fault);
  COHORT_CHECK(index_.emplace(key, entries_.size()).second, "{}: key {} is there", file_, key);
  entries_.emplace_back(std::move(key), std::move(value));
}

const GgufValue& GgufMetadata::at(std::string_view key) const {
  const GgufValue* value = find(key);
  if (!value) throw_error<InputError>("{}: key {} is missing", file_, shown(key));
  return *value;
}

int64_t GgufMetadata::integer(std::string_view key, int64_t lowest, int64_t highest) const {
  const GgufValue& value = at(key);
  return std::visit(
      [&](const auto& held) -> int64_t {
        if constexpr (kIsInteger<std::decay_t<decltype(held)>>)
          return in_range(*this, key, held, lowest, highest);
        wrong_kind(*this, key, value, "an integer");
      },
      value);
}

double GgufMetadata::real(std::string_view key) const {
  const GgufValue& value = at(key);
  const double number = std::visit(
      [&](const auto& held) -> double {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_floating_point_v<T> || kIsInteger<T>)
          return static_cast<double>(held);
        wrong_kind(*this, key, value, "a number");
      },
      value);
  if (!std::isfinite(number))
    throw_error<InputError>("{}: key {}: {} is not finite", file_, shown(key), number);
  return number;
}

bool GgufMetadata::boolean(std::string_view key) const {
  const GgufValue& value = at(key);
  if (const bool* held = std::get_if<bool>(&value)) return *held;
  wrong_kind(*this, key, value, "a bool");
}

const std::string& GgufMetadata::string(std::string_view key) const {
  const GgufValue& value = at(key);
  if (const std::string* held = std::get_if<std::string>(&value)) return *held;
  wrong_kind(*this, key, value, "a string");
}

std::vector<int64_t> GgufMetadata::integers(std::string_view key, size_t count, int64_t lowest,
                                            int64_t highest) const {
  const GgufValue& value = at(key);
  std::vector<int64_t> out;
  if (!append_integers(*this, key, value, lowest, highest, out))
    return std::vector<int64_t>(count, integer(key, lowest, highest));
  if (out.size() != count)
    wrong_kind(*this, key, value, fmt::format("an integer or an array of {}", count));
  return out;
}

std::vector<int64_t> GgufMetadata::integers(std::string_view key) const {
  const GgufValue& value = at(key);
  std::vector<int64_t> out;
  if (!append_integers(*this, key, value, INT64_MIN, INT64_MAX, out))
    wrong_kind(*this, key, value, "an array of integers");
  return out;
}

std::vector<float> GgufMetadata::reals(std::string_view key) const {
  const GgufValue& value = at(key);
  if (const auto* held = std::get_if<std::vector<float>>(&value)) return *held;
  if (const auto* held = std::get_if<std::vector<double>>(&value))
    return {held->begin(), held->end()};
  wrong_kind(*this, key, value, "an array of f32 or f64");
}

const std::vector<std::string>& GgufMetadata::strings(std::string_view key) const {
  const GgufValue& value = at(key);
  if (const auto* held = std::get_if<std::vector<std::string>>(&value)) return *held;
  wrong_kind(*this, key, value, "an array of strings");
}

}  // namespace cohort
