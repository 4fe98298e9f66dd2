#pragma once

#include <string>

namespace cohort::judge {

// A Python literal as the bytes that Python's marshal.loads() makes its value from, without the
// syntax tree of eval(), which takes more memory than the value. Throws InputError.
std::string marshalled(const std::string& literal);

}  // namespace cohort::judge
