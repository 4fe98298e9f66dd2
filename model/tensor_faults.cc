#include "model/tensor_faults.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.h"

namespace cohort {
namespace {

std::string shape_text(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

// "3 missing (a, b, ...)": the first few by name.
std::string listed(const char* what, const std::vector<std::string>& names) {
  constexpr size_t kShown = 4;
  const std::vector<std::string> shown(names.begin(),
                                       names.begin() + std::min(names.size(), kShown));
  return fmt::format("{} {} ({}{})", names.size(), what, fmt::join(shown, ", "),
                     names.size() > kShown ? ", ..." : "");
}

}  // namespace

void TensorFaults::misshapen(const std::string& name, const std::vector<int64_t>& found,
                             const std::vector<int64_t>& expected) {
  misshapen_.push_back(
      fmt::format("{} {}, expected {}", name, shape_text(found), shape_text(expected)));
}

void TensorFaults::throw_if_any(const std::string& place, const std::string& shape_source) const {
  std::vector<std::string> faults;
  if (!missing_.empty()) faults.push_back(listed("missing", missing_));
  if (!misshapen_.empty()) faults.push_back(listed("of another shape", misshapen_));
  if (!surplus_.empty()) faults.push_back(listed("not of this model", surplus_));
  if (!faults.empty())
    throw_error<InputError>("{}: tensors do not fit {}: {}", place, shape_source,
                            fmt::join(faults, "; "));
}

}  // namespace cohort
