// Inside core/io only: the element types of safetensors, the size of a tensor, and that of a
// header.
#pragma once

#include <optional>
#include <string_view>

#include "core/io/safetensors.h"

namespace cohort {

inline constexpr uint64_t kMaxSafetensorsHeaderBytes = 100'000'000;  // the reference's limit

std::optional<DType> dtype_of_name(std::string_view name);
// Place in the reference's order of types, widest alignment last.
int dtype_order(DType dtype);
// Empty when the product overflows or an extent is negative.
std::optional<uint64_t> tensor_bytes(DType dtype, const std::vector<int64_t>& shape);

}  // namespace cohort
