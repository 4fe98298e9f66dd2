#!/usr/bin/env bash
# The contracts by the command line: one config has one digest on 1, 2 and 4 ranks and after SIGKILL, in fp32 and bf16; another
# seed has another; the first update's ratio is exactly 1.
#   same_run.sh COHORT CONFIG DTYPE
set -u
cohort=$1 config=$2 dtype=$3
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
failures=0
fail() { echo "FAILS: $*"; failures=$((failures + 1)); }

run() {  # ranks name [key=value ...]
  local ranks=$1 name=$2; shift 2
  # Carried groups make a checkpoint and a step depend on the step before.
  local command=("$cohort" run "$config" run.name="$name" run.dir="$dir" run.dtype="$dtype"
    pipeline.rl.algorithm.filter_groups.surplus=carry "$@")
  if [ "$ranks" = 1 ]; then OMP_NUM_THREADS=2 "${command[@]}"; else OMP_NUM_THREADS=1 mpirun -np "$ranks" "${command[@]}"; fi >>"$dir/$name.log" 2>&1
}
digest() { "$cohort" digest "$dir/$1" | tail -n 1 | awk '{print $NF}'; }
must_run() { run "$@" || { fail "$2 exits $?"; tail -n 5 "$dir/$2.log"; }; }

must_run 1 one
want=$(digest one)
[ -n "$want" ] || fail "no digest"
for ranks in 2 4; do
  must_run $ranks "ranks$ranks"
  [ "$(digest "ranks$ranks")" = "$want" ] || fail "$ranks ranks: another digest"
done
must_run 1 seed run.seed=20242
[ "$(digest seed)" != "$want" ] || fail "another seed has the same digest"

# Killed in the cold start on one rank, in grpo on two, finished on one.
for kill in "1 cold_start" "2 rl"; do
  read -r ranks stage <<<"$kill"
  run "$ranks" killed & pid=$!
  for _ in $(seq 600); do
    [ -n "$(ls -d "$dir/killed/$stage/checkpoints"/step_*[1-9]* 2>/dev/null)" ] && break
    kill -0 $pid 2>/dev/null || break
    sleep 0.1
  done
  pkill -9 -f "run.name=killed run.dir=$dir" || fail "nothing left to kill in $stage"
  wait $pid 2>/dev/null
  while pgrep -f "run.name=killed run.dir=$dir" >/dev/null; do sleep 0.1; done
done
must_run 1 killed
[ "$(digest killed)" = "$want" ] || fail "killed and resumed: another digest"

grep -c '"rollout/logprob_abs_diff_max":0' "$dir/one/metrics.jsonl" >"$dir/exact" || fail "no row with an exact ratio"
grep '"rollout/logprob_abs_diff_max"' "$dir/one/metrics.jsonl" | grep -vq '"rollout/logprob_abs_diff_max":0\(\.0\)\?[,}]' && fail "a ratio is not exactly 1"
echo "$dtype: digest $want, $(cat "$dir/exact") steps with ratio 1, $failures failures"
[ $failures = 0 ]
