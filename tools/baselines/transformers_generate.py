#!/usr/bin/env python3
"""transformers' sampling: the work of `cohort bench decode --with-prompts`, for its --beside.

  transformers_generate.py --model FOLDER [--batch 64] [--prompt 32] [--new 64] [--dtype fp32] [--threads 2] [--passes 2]

`batch` prompts of `prompt` random tokens, each continued by `new` tokens at temperature 1, all to full length. Prints one JSON line with the
fastest pass. Needs torch and transformers.
"""
import argparse
import json
import time

import torch
from transformers import AutoModelForCausalLM

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--dtype", choices=DTYPES, default="fp32")
    for name, default in (("batch", 64), ("prompt", 32), ("new", 64), ("threads", 2), ("passes", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=DTYPES[options.dtype]).eval()
    prompts = torch.randint(0, model.config.vocab_size, (options.batch, options.prompt))
    best = float("inf")
    with torch.inference_mode():
        for _ in range(options.passes):
            start = time.perf_counter()
            out = model.generate(prompts, attention_mask=torch.ones_like(prompts), do_sample=True, temperature=1.0, top_k=0, pad_token_id=0,
                                 min_new_tokens=options.new, max_new_tokens=options.new)
            best = min(best, time.perf_counter() - start)
            assert out.shape == (options.batch, options.prompt + options.new)
    print(json.dumps({"system": "transformers", "dtype": options.dtype, "batch": options.batch, "seconds": round(best, 4),
                      "tokens_per_s": round(options.batch * options.new / best, 1)}))


if __name__ == "__main__":
    main()
