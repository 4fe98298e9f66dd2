#!/usr/bin/env bash
# Wrong use ends in one line that says what is wrong, a non-zero exit code, and no output file.
#   bad_use.sh COHORT CONFIG
set -u
cohort=$1 config=$2 bad=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

refused() {  # refused CODE TEXT ARGUMENT...
  local code=$1 text=$2 got
  shift 2
  "$cohort" "$@" > out 2>&1
  got=$?
  [ $got = "$code" ] && grep -qF -- "$text" out && [ "$(grep -cv '^Run with --help' out)" = 1 ] && return
  echo "FAILS: cohort $*: exit $got, expected $code and one line with: $text"
  cat out
  bad=1
}

refused 2 'unknown command grpo' grpo
refused 2 'cannot open' run none.yaml
refused 2 'did you mean "seed"' run "$config" run.sed=2
refused 2 'max_position_embeddings 256' run "$config" pipeline.rl.rollout.response_length=300 --dry-run
refused 1 'no model' digest "$folder"
refused 1 'there is no such model' generate none --prompt 1
refused 2 'expected --prompt TEXT or --prompts FILE' generate none
refused 2 '--n: expected a whole number >= 1, found 0' generate none --prompt 1 --n 0
refused 2 'did you mean "arithmetic"' data make arithmetics rows.jsonl
refused 2 '--n: expected a whole number >= 1, found -3' data make arithmetic --n -3 rows.jsonl
refused 2 'did you mean "math"' grade maths
refused 1 'not a run' inspect "$folder"
refused 2 '--type q9: expected f32, f16' export none out.gguf --type q9
refused 2 '--verify-text: is for --verify' export none out.gguf --verify-text none
refused 2 '--json: is for --verify' export none out.gguf --json
refused 1 'none.txt' export none out.gguf --verify --verify-text none.txt
refused 2 'a Hugging Face model is a folder' export none out.gguf --format hf
refused 1 'there is no such model' chat none
refused 2 '--date: expected a day such as 2024-07-26, found 2023-02-29' chat none --date 2023-02-29
refused 2 '--date requires --chat' tokenize none --date 2024-07-26
refused 2 'template_date = today: expected a day such as 2024-07-26' run "$config" pipeline.rl.data.apply_chat_template=true \
  pipeline.rl.data.template_date=today --dry-run
[ "$(ls)" = out ] || { echo "FAILS: left behind: $(ls)"; bad=1; }

"$cohort" run "$config" --dry-run > plan || { echo "FAILS: a dry run"; bad=1; }
[ "$(grep -c '^  [1-6]  ' plan)" = 6 ] || { echo "FAILS: a dry run's plan"; cat plan; bad=1; }
exit $bad
