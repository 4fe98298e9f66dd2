// Whether a program's standard output is the expected one: bytes, exactly, but for blanks. Linear
// in both texts; nothing is allocated.
#pragma once

#include <string_view>

#include "rewards/code/python_value.h"

namespace cohort::judge {

enum class OutputMode : uint8_t {
  lines,   // line by line; blanks at the end of a line and empty lines at the end do not count
  tokens,  // what stands between blanks, in order
};

// With a tolerance a pair of tokens is equal too when both are decimal numbers within it; two
// integers are compared exactly, whatever their size. In lines mode the lines must then have the
// same tokens.
bool same_output(std::string_view expected, std::string_view got, OutputMode mode,
                 const Tolerance& tolerance);

}  // namespace cohort::judge
