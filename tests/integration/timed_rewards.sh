#!/usr/bin/env bash
# Rewards whose verdicts a clock may decide, by the command line: a policy learns to write a program from a code reward, on one
# rank and on two with the same digest; and what a step was judged before SIGKILL is judged the same after it, here by a command
# that answers at random.
#   timed_rewards.sh COHORT
set -u
cohort=$1
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMP_NUM_THREADS=1
failures=0
fail() { echo "FAILS: $*"; failures=$((failures + 1)); }

python3 - "$dir" <<'P'
import json, random, sys
random.seed(1)
with open(sys.argv[1] + "/sums.jsonl", "w") as out:
    for _ in range(400):
        a, b = random.randint(1, 9), random.randint(1, 9)
        print(json.dumps({"prompt": f"{a}+{b}", "response": f"```python\nprint({a}+{b})\n```",
                          "answer": {"tests": [{"input": "", "output": str(a + b)}]}}), file=out)
open(sys.argv[1] + "/dice.py", "w").write("""
import json, random, sys
for line in sys.stdin:
    request = json.loads(line)
    values = [random.random() for _ in request["completions"]]
    print(json.dumps({"id": request["id"], "values": values}), flush=True)
""")
P
config() {  # name, the reward list
  cat >"$dir/$1.yaml" <<Y
run: {seed: 3, dp_shards: 4, dir: $dir}
model:
  tokenizer: {kind: characters, special: ["<pad>", "<|u|>", "<|a|>", "<|eos|>"], alphabet: "0123456789+()\`\\npythonri"}
  hidden_size: 64
  num_hidden_layers: 2
  first_k_dense_replace: 1
  intermediate_size: 96
  moe_intermediate_size: 32
  n_routed_experts: 8
  num_experts_per_tok: 2
  n_group: 4
  topk_group: 2
  n_shared_experts: 1
  num_attention_heads: 4
  kv_lora_rank: 16
  qk_nope_head_dim: 8
  qk_rope_head_dim: 8
  v_head_dim: 16
  max_position_embeddings: 128
  initializer_range: 0.08
  scale_residual_init: true
pipeline:
  - sft:
      name: cold
      data: {files: [$dir/sums.jsonl], prompt_template: "<|u|>{prompt}<|a|>", train_batch_size: 32}
      optim: {lr: 3.0e-3}
      total_steps: 40
  - grpo:
      name: rl
      data: {files: [$dir/sums.jsonl], prompt_template: "<|u|>{prompt}<|a|>", train_batch_size: 8}
      rollout: {n: 4, response_length: 32}
      reward: [$2]
      actor: {optim: {lr: 3.0e-4}}
      total_steps: 12
      save_freq: 4
Y
}
run() {  # ranks config name
  local command=("$cohort" run "$dir/$2.yaml" run.name="$3")
  [ "$1" = 1 ] || command=(mpirun -np "$1" "${command[@]}")
  "${command[@]}" >>"$dir/$3.log" 2>&1
}
must_run() { run "$@" || { fail "$3 exits $?"; tail -n 5 "$dir/$3.log"; }; }
digest() { "$cohort" digest "$dir/$1" | tail -n 1 | awk '{print $NF}'; }
judged() { "$cohort" inspect "$dir/$1" --stage rl --step "$2" --groups 100 2>/dev/null | tail -n +2; }

config dice "command: {command: python3 $dir/dice.py}"
run 1 dice killed & pid=$!
for _ in $(seq 600); do [ -e "$dir/killed/rl/rollouts/step_000006.h5" ] && break; sleep 0.05; done
kill -9 "$(pgrep -f "run.name=killed" | head -n 1)" 2>/dev/null; wait $pid 2>/dev/null
last=$(find "$dir/killed/rl/rollouts" -name 'step_*.h5' | sort | tail -n 1 | grep -o '[0-9]*\.h5' | sed 's/^0*//; s/\.h5//')
for step in 5 6; do judged killed $step >"$dir/before$step"; done
[ "${last:-0}" -lt 12 ] || fail "the run was over before it was killed"
must_run 2 dice killed
for step in 5 6; do
  [ -s "$dir/before$step" ] && judged killed $step | cmp -s - "$dir/before$step" || fail "step $step is judged anew after SIGKILL"
done

if "$cohort" doctor 2>/dev/null | grep -q '^sandbox for code *none'; then
  echo "no sandbox here: the code reward is not run"
else
  config code "code: {time_limit_s: 5}"
  must_run 1 code one
  must_run 2 code two
  [ -n "$(digest one)" ] && [ "$(digest one)" = "$(digest two)" ] || fail "a code reward: 1 and 2 ranks have other digests"
  grep -q '"reward/code/reason/ok"' "$dir/one/metrics.jsonl" || fail "no program is right"
  grep -q '"reward/code/reason/wrong_output"' "$dir/one/metrics.jsonl" || fail "no program is wrong"
  [ -z "$(pgrep -f "$(dirname "$cohort")/cohort-judge")" ] || fail "a helper outlives its run"
fi
echo "$failures failures"
[ $failures = 0 ]
