# The CUDA toolkit, for the preset `cuda`: sm_80 and sm_90a, run-time library shared with LibTorch's.
if(CMAKE_VERSION VERSION_LESS 4.0)
  message(FATAL_ERROR "COHORT_CUDA needs CMake 4 (this is ${CMAKE_VERSION}): older ones do not know C++20 of nvcc 13. "
                      "Try: pip install cmake")
endif()
set(CMAKE_CUDA_ARCHITECTURES 80-real;90a-real CACHE STRING "CUDA architectures")
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
set(CMAKE_CUDA_STANDARD 20)
enable_language(CUDA)
find_package(CUDAToolkit 13 REQUIRED)
