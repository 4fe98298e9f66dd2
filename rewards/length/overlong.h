// Soft overlong punishment (DAPO, arXiv 2503.14476, equation 13).
#pragma once

#include <algorithm>
#include <cstdint>

namespace cohort {

//             0                              |y| <= L_max - L_cache
// R_length =  (L_max - L_cache - |y|) / L_cache    up to L_max
//             -1                             beyond
// In tokens; 0 < cache <= max_length.
inline double soft_overlong(int64_t length, int64_t max_length, int64_t cache) {
  const auto excess = static_cast<double>(length - (max_length - cache));
  return std::min(0.0, std::max(-1.0, -excess / static_cast<double>(cache)));  // never -0
}

}  // namespace cohort
