// The one function of libcohort_allocations.so, found with dlsym in a process that preloads it.
#pragma once

#include <cstdint>

extern "C" uint64_t cohort_allocation_count();
