#!/usr/bin/env bash
# tools/check_layers must see each kind of violation, and nothing in a clean tree.
#   check_layers_test.sh SOURCE_ROOT
set -euo pipefail
check=$1/tools/check_layers
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

# expect FILE LINE TEXT: a tree whose only file is FILE, holding LINE, is refused with TEXT; empty TEXT: accepted.
expect() {
  local file=$1 line=$2 text=$3 output rc=0
  rm -rf "${tree:?}"/*
  mkdir -p "$tree/$(dirname "$file")"
  printf '#pragma once\n%s\n' "$line" > "$tree/$file"
  output=$("$check" "$tree") || rc=$?
  if [ -z "$text" ]; then
    [ "$rc" = 0 ] && [ -z "$output" ] && return
  else
    [ "$rc" != 0 ] && [[ $output == "$file:2: "*"$text"* ]] && return
  fi
  echo "FAILS: $file with $line: exit $rc: $output"
  failures=$((failures + 1))
}

expect kernels/linear/linear.cc '#include "core/base/error.h"' ''
expect kernels/linear/linear.cc '#include "kernels/param.h"' ''
expect kernels/linear/linear.cc '#include "core/config/fields.h"' 'kernels may not include'
expect kernels/linear/linear.cc '  #  include "model/decoder.h"' 'kernels may not include'
expect model/decoder.cc '#include "rollout/types.h"' 'model may not include'
expect rollout/engine/engine.cc '#include "rewards/reward.h"' 'rollout may not include'
expect rewards/math/math.cc '#include "rollout/types.h"' 'rewards may not include'
expect rewards/math/math.cc '#include "core/io/jsonl.h"' 'rewards may not include'
expect rewards/math/math.cc '#include "core/config/fields.h"' ''
expect trainer/stages/grpo.cc '#include "rewards/reward.h"' ''
expect trainer/stages/grpo.cc '#include "launch/commands.h"' 'trainer may not include'
expect launch/cohort.cc '#include "kernels/param.h"' 'launch may not include'
expect core/base/log.cc '#include "core/config/fields.h"' 'core/base may not include'
expect core/io/jsonl.cc '#include "trainer/batch.h"' 'core/io may not include'
expect core/comm/mpi.cc '#include <mpi.h>' ''
expect core/comm/mpi.h '#include <mpi.h>' 'only in the .cc files of core/comm'
expect trainer/learner.cc '#include <mpi.h>' 'only in the .cc files of core/comm'
expect core/comm/mpi.cc '#include <hdf5.h>' 'only in the .cc files of core/io'
expect trainer/config.cc '#include <yaml-cpp/yaml.h>' 'only in the .cc files of core/config'
expect tests/core/hdf5_test.cc '#include <hdf5.h>' ''
expect model/decoder.cc '#include <torch/torch.h>' 'too slow'
expect tests/model/decoder_test.cc '#include <ATen/ATen.h>' 'too slow'
expect kernels/linear/linear.cu '#include <ATen/core/Tensor.h>' 'no LibTorch header'
expect kernels/linear/linear.cc '#include <ATen/core/Tensor.h>' ''
expect kernels/linear/linear.cc '#include "linear.h"' 'from the repository root'
expect kernels/linear/linear.cc '#include "../param.h"' 'from the repository root'
expect kernels/linear/linear.cc '#include <kernels/param.h>' 'with quotes'
expect kernels/linear/linear.cc '// #include "model/decoder.h"' ''

[ "$failures" = 0 ]
