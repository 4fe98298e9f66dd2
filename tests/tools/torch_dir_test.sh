#!/usr/bin/env bash
# Which LibTorch a build takes: the one that is named, in a folder configured before too, and no other in its place.
#   torch_dir_test.sh SOURCE_ROOT CMAKE
set -euo pipefail
source=$1 cmake=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
unset Torch_DIR CMAKE_PREFIX_PATH
failures=0

make_libtorch() {  # make_libtorch ROOT: what the module looks for, and nothing in it
  mkdir -p "$1"/{lib,share/cmake/Torch,include/ATen,include/torch/headeronly}
  touch "$1"/lib/lib{torch_cpu,c10}.so "$1/include/ATen/ATen.h"
  echo '#define TORCH_VERSION "2.11.0"' > "$1/include/torch/headeronly/version.h"
}
make_libtorch "$folder/deps/libtorch-2.11.0/torch"
make_libtorch "$folder/own"
export COHORT_DEPS=$folder/deps

cat > CMakeLists.txt <<C
cmake_minimum_required(VERSION 3.25)
project(which LANGUAGES NONE)
set(CMAKE_FIND_LIBRARY_PREFIXES lib)
set(CMAKE_FIND_LIBRARY_SUFFIXES .so)
set_property(GLOBAL PROPERTY TARGET_SUPPORTS_SHARED_LIBS ON)
include($source/cmake/cohort_torch.cmake)
C

expect() {  # expect TEXT DEFINITION...: the output of a configuration has TEXT
  local text=$1
  shift
  "$cmake" -G Ninja -S . -B build "$@" > out 2>&1 || true
  tr -s ' \n' ' ' < out | grep -qF -- "$text" && return
  echo "FAILS: cmake $*: expected $text"
  cat out
  failures=$((failures + 1))
}

expect "LibTorch 2.11.0: $folder/deps/libtorch-2.11.0/torch/lib/libtorch_cpu.so"
expect "LibTorch 2.11.0: $folder/own/lib/libtorch_cpu.so" "-DTorch_DIR=$folder/own/share/cmake/Torch"
expect "LibTorch 2.11.0: $folder/own/lib/libtorch_cpu.so" "-DTorch_DIR=$folder/own"
expect "LibTorch 2.11 is not in" "-DTorch_DIR=$folder/none"
rm -rf build
expect "LibTorch 2.11.0: $folder/own/lib/libtorch_cpu.so" "-DCMAKE_PREFIX_PATH=$folder/none;$folder/own"
rm -rf build deps
expect "LibTorch 2.11 is not in"

[ $failures = 0 ]
