#!/usr/bin/env bash
# cohort bench gemm, decode and grpo on the smallest of work: one JSON line a measurement, beside a
# command that takes no time.
#   bench.sh COHORT
set -u
cohort=$1 bad=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

cat > model.yaml <<Y
run: {name: model, dir: $folder}
model:
  tokenizer:
    kind: characters
    special: ["<pad>", "<|user|>", "<|assistant|>", "<think>", "</think>", "<answer>", "</answer>", "<|eos|>"]
    alphabet: "0123456789+-*/=,() .abcdefghijklmnopqrstuvwxyz?:"
  hidden_size: 32
  intermediate_size: 64
  num_hidden_layers: 2
  moe_intermediate_size: 16
  max_position_embeddings: 256
pipeline:
  - sft:
      name: cold
      data: {task: arithmetic, num_rows: 16, train_batch_size: 8}
      total_steps: 1
Y
"$cohort" run model.yaml > log 2>&1 || { cat log; exit 1; }

check() {  # check LINES TEST ARGUMENT...: `cohort bench ARGUMENT...` prints so many lines that pass the test
  local lines=$1 test=$2
  shift 2
  "$cohort" bench "$@" > out 2> err || { echo "FAILS: cohort bench $*"; cat err; bad=1; return; }
  [ "$(wc -l < out)" = "$lines" ] || { echo "FAILS: $(wc -l < out) lines, expected $lines: cohort bench $*"; bad=1; }
  while read -r line; do
    [[ $line =~ $test ]] || { echo "FAILS: cohort bench $*: expected $test in $line"; bad=1; }
  done < out
}

gemm=(gemm --weights 64x32,32x64 --rows 1,5 --dtype fp32 --weights-mb 0 --rounds 1)
check 4 '"gflop_s":[0-9.]+,.*"share_of_peak":[0-9.e-]+,.*"share_of_bandwidth":[0-9.e-]+,.*"library_us":[0-9.]+,' "${gemm[@]}"
check 4 '"figure":"gflop_s",.*"beside":\[(2|10).0,(2|10).0\],.*"ratio":[0-9.e-]+,' \
  "${gemm[@]}" --repeats 2 --beside 'echo "{\"gflop_s\": $(({rows} * 2))}"'

decode=(decode --model model/cold --sequences 1,3 --prompt-len 7 --tokens 9 --passes 1)
check 2 '"batch":[13],.*"tokens_per_s":[0-9.]+,.*"share_of_bandwidth":[0-9.e-]+,.*"share_of_peak":[0-9.e-]+,' "${decode[@]}"
check 2 '"tokens_per_s":[0-9.]+,"with_prompts":true' "${decode[@]}" --with-prompts
if [ -e "$(dirname "$cohort")/libcohort_allocations.so" ]; then
  check 2 '"allocations_per_step":[0-9.e-]+,"allocations_per_token":[0-9.e-]+' "${decode[@]}"
fi
check 2 '"figure":"tokens_per_s",.*"ratio":[0-9.e-]+,.*"batch":[13],' \
  "${decode[@]}" --repeats 1 --beside 'echo loading; echo "{\"tokens_per_s\": 5}"'

grpo=(grpo --model model/cold --prompts 2 --n 2 --prompt-len 5 --max-completion 4 --steps 2)
check 1 '"step_s":[0-9.e-]+,' "${grpo[@]}"
check 1 '"figure":"step_s","better":"lower",.*"beside":\[2.0,2.0\],' \
  "${grpo[@]}" --repeats 2 --beside 'echo "{\"steps\": [9, 2, 2]}"'

refused() {  # refused CODE TEXT ARGUMENT...
  local code=$1 text=$2 got
  shift 2
  "$cohort" bench "$@" > out 2> err
  got=$?
  [ $got = "$code" ] && grep -qF -- "$text" err && return
  echo "FAILS: cohort bench $*: exit $got, expected $code and: $text"
  cat err
  bad=1
}
refused 2 '--weights 3x: expected COLUMNSxINNER' gemm --weights 3x
refused 2 '--repeats requires --beside' gemm --repeats 2
refused 1 'exit code 7: exit 7' "${gemm[@]}" --beside 'exit 7'
refused 1 'expected a number gflop_s' "${gemm[@]}" --beside 'echo {}'
exit $bad
