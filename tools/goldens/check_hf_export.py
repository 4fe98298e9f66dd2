#!/usr/bin/env python3
"""A model that cohort saved, against transformers.

  check_hf_export.py FOLDER      FOLDER is what `cohort export MODEL FOLDER --format hf` wrote (COHORT names the program)

transformers must find every tensor it wants and no other (the multi-token-prediction module apart, which it does not load), give
cohort's logits, and give the ids of cohort's tokenizer.
"""
import json
import os
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = sys.argv[1]
cohort = os.environ.get("COHORT", "cohort")


def run(*arguments, text=None):
    done = subprocess.run([cohort, *arguments], input=text, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)}: exit {done.returncode}\n{done.stderr[-800:]}")
    return done.stdout


model, report = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
layers = model.config.num_hidden_layers
surplus = [name for name in report["unexpected_keys"] if not name.startswith(f"model.layers.{layers}.")]
faults = {"missing": list(report["missing_keys"]), "mismatched": list(report["mismatched_keys"]), "unexpected": surplus}
if any(faults.values()):
    sys.exit(f"{folder}: {faults}")

ids = torch.randint(0, model.config.vocab_size, (1, 48), generator=torch.Generator().manual_seed(3))
with torch.no_grad():
    want = model.eval()(ids).logits[0].double()
out = os.path.join(tempfile.mkdtemp(), "logits.safetensors")
run("logits", folder, "--ids", ",".join(str(i) for i in ids[0].tolist()), "--out", out)
got = load_file(out)["logits"].double()
difference = ((got - want).abs().max() / want.abs().max()).item()
print(f"logits: largest difference {difference:.2e} of the largest logit")

tokenizer = AutoTokenizer.from_pretrained(folder)
alphabet = [tokenizer.decode([i]) for i in range(len(tokenizer))]
texts = ["".join(alphabet), "".join(reversed(alphabet)), "", alphabet[-1] * 3]
texts = [t for t in texts if "\ufffd" not in t]
lines = run("tokenize", folder, "--json", text="".join(json.dumps(t) + "\n" for t in texts)).splitlines()
same = [json.loads(line)["ids"] == tokenizer.encode(t, add_special_tokens=False) for t, line in zip(texts, lines, strict=True)]
print(f"tokenizer {type(tokenizer).__name__}: {sum(same)} of {len(texts)} texts alike; eos {tokenizer.eos_token}, pad {tokenizer.pad_token}")
sys.exit(not (difference < 1e-5 and all(same)))
