#!/usr/bin/env python3
"""llama.cpp's decode steps: the work of `cohort bench decode`, for its --beside.

  llama_decode.py --model FILE.gguf [--batch 16] [--prompt 32] [--new 64] [--threads 2] [--passes 2]

`batch` sequences of `prompt` random tokens, then `new` steps of one token each, whose logits are all computed; no token is drawn. The prompts'
pass is not timed. Prints one JSON line with the fastest pass. Needs llama-cpp-python, built for this machine.
"""
import argparse
import json
import os
import random
import time

import llama_cpp as llama


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    for name, default in (("batch", 16), ("prompt", 32), ("new", 64), ("threads", 2), ("passes", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def decode(context, rows):
    """One call of the library: rows of (token, position, sequence, wants logits)."""
    batch = llama.llama_batch_init(len(rows), 0, 1)
    batch.n_tokens = len(rows)
    for i, (token, position, sequence, logits) in enumerate(rows):
        batch.token[i], batch.pos[i], batch.logits[i] = token, position, logits
        batch.n_seq_id[i], batch.seq_id[i][0] = 1, sequence
    status = llama.llama_decode(context, batch)
    llama.llama_batch_free(batch)
    if status != 0:
        raise RuntimeError(f"llama_decode: {status}")


def main():
    options = arguments()
    llama.llama_backend_init()
    model = llama.llama_model_load_from_file(options.model.encode(), llama.llama_model_default_params())
    parameters = llama.llama_context_default_params()
    parameters.n_seq_max = options.batch
    parameters.n_ctx = options.batch * (options.prompt + options.new)
    parameters.n_batch = max(512, options.batch * options.prompt)
    parameters.n_threads = parameters.n_threads_batch = options.threads
    context = llama.llama_init_from_model(model, parameters)
    vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    draw = random.Random(0).randrange
    best = float("inf")
    for _ in range(options.passes):
        llama.llama_memory_clear(llama.llama_get_memory(context), True)
        decode(context, [(draw(vocabulary), i, s, i == options.prompt - 1) for s in range(options.batch) for i in range(options.prompt)])
        start = time.perf_counter()
        for step in range(options.new):
            decode(context, [(draw(vocabulary), options.prompt + step, s, True) for s in range(options.batch)])
        best = min(best, time.perf_counter() - start)
    print(json.dumps({"system": "llama.cpp", "model": os.path.basename(options.model), "batch": options.batch, "seconds": round(best, 4),
                      "tokens_per_s": round(options.batch * options.new / best, 1)}))


if __name__ == "__main__":
    main()
