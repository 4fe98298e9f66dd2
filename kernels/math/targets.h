// Include before hwy/highway.h: which instruction sets the kernels are compiled for. AVX-512 and
// AVX2 give the same bits (both fuse multiply-add); a processor without AVX2 gets plain scalar
// code. The SSE targets in between would only add compile time.
#pragma once

#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
#endif
