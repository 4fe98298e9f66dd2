// The number of OpenMP threads in a test. ThreadSanitizer does not see how an OpenMP runtime that
// is not instrumented joins its threads, and calls every second one a race: under it tests keep to
// one.
#pragma once

#include <ATen/Parallel.h>

namespace cohort {

inline void use_threads(int count) {
#ifdef __SANITIZE_THREAD__
  count = 1;
#endif
  at::set_num_threads(count);
}

}  // namespace cohort
