# LibTorch 2.11 from the pip wheel (launch/setup puts it there) or the user's own (Torch_DIR or CMAKE_PREFIX_PATH, as
# variables of CMake or of the environment).
# libtorch_cpu and libc10 are linked directly: TorchConfig.cmake of the wheel asks for all of CUDA.
set(torch_dir "${Torch_DIR}")
if(NOT torch_dir)
  set(torch_dir "$ENV{Torch_DIR}")
endif()
if(torch_dir)  # and no other: a mistake in it must not end in a LibTorch that nobody named
  set(hints ${torch_dir}/../../.. ${torch_dir})  # <root>/share/cmake/Torch, or the root
else()
  string(REPLACE ":" ";" environment_prefixes "$ENV{CMAKE_PREFIX_PATH}")
  set(deps "$ENV{COHORT_DEPS}")
  if(NOT deps)
    set(deps "$ENV{HOME}/.cache/cohort")
  endif()
  set(hints ${CMAKE_PREFIX_PATH} ${environment_prefixes} ${deps}/libtorch-2.11.0/torch)
endif()

# NO_CACHE: a Torch_DIR given to a build folder that has been configured before counts.
find_library(TORCH_CPU_LIBRARY torch_cpu HINTS ${hints} PATH_SUFFIXES lib NO_DEFAULT_PATH NO_CACHE)
find_library(C10_LIBRARY c10 HINTS ${hints} PATH_SUFFIXES lib NO_DEFAULT_PATH NO_CACHE)
find_path(TORCH_INCLUDE_DIR ATen/ATen.h HINTS ${hints} PATH_SUFFIXES include NO_DEFAULT_PATH NO_CACHE)
if(NOT TORCH_CPU_LIBRARY OR NOT C10_LIBRARY OR NOT TORCH_INCLUDE_DIR)
  list(JOIN hints ", " hints)
  message(FATAL_ERROR "LibTorch 2.11 is not in ${hints}. Run ./launch/setup, or give -DTorch_DIR=<libtorch>/share/cmake/Torch.")
endif()
file(READ ${TORCH_INCLUDE_DIR}/torch/headeronly/version.h torch_version)
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" TORCH_VERSION "${torch_version}")
if(NOT TORCH_VERSION VERSION_GREATER_EQUAL 2.11 OR NOT TORCH_VERSION VERSION_LESS 2.12)
  message(WARNING "LibTorch ${TORCH_VERSION} in ${TORCH_INCLUDE_DIR}: Cohort is tested with 2.11.0 alone")
endif()
message(STATUS "LibTorch ${TORCH_VERSION}: ${TORCH_CPU_LIBRARY}")

foreach(name torch_cpu c10)
  string(TOUPPER ${name} upper)
  add_library(${name} SHARED IMPORTED)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${${upper}_LIBRARY})
  # SYSTEM: LibTorch's headers are not held to our warnings.
  target_include_directories(${name} SYSTEM INTERFACE ${TORCH_INCLUDE_DIR} ${TORCH_INCLUDE_DIR}/torch/csrc/api/include)
endforeach()
get_filename_component(TORCH_LIBRARY_DIR ${TORCH_CPU_LIBRARY} DIRECTORY)
# libtorch_cpu finds its own neighbours by its run path; the linker has to be told.
target_link_options(torch_cpu INTERFACE -Wl,--allow-shlib-undefined)
list(APPEND CMAKE_BUILD_RPATH ${TORCH_LIBRARY_DIR})
