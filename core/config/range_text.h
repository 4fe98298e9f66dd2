// A range in words, for messages and printed comments: "a number >= 0", "a whole number from 1 to
// 8".
#pragma once

#include <fmt/format.h>

#include <limits>
#include <string>
#include <type_traits>

#include "core/config/fields.h"

namespace cohort {

template <class T>
std::string bounds_text(Range<T> range) {
  const bool bounded_low = range.low != std::numeric_limits<T>::lowest();
  const bool bounded_high = range.high != std::numeric_limits<T>::max();
  if (bounded_low && bounded_high) return fmt::format("from {} to {}", range.low, range.high);
  if (bounded_low) return fmt::format(">= {}", range.low);
  if (bounded_high) return fmt::format("<= {}", range.high);
  return "";
}

template <class T>
std::string range_text(Range<T> range) {
  const std::string kind = std::is_integral_v<T> ? "a whole number" : "a number";
  const std::string bounds = bounds_text(range);
  return bounds.empty() ? kind : kind + " " + bounds;
}

}  // namespace cohort
