#!/usr/bin/env python3
"""`cohort export` against the programs that it writes for: transformers reads the folder, llama.cpp the GGUF file of every type.

  check_export.py [--types T,...] [--text FILE] [--tokens N] [--keep FOLDER] [MODEL ...]

MODEL is a family of tiny_models.py (without any: all of them), a Hugging Face folder, or a GGUF file. The reference is transformers on the
folder, or llama.cpp on the F32 file that cohort makes of the GGUF file. A row says how many texts have the reference's ids, and how far the
logits are over the first N tokens of FILE (1000 of docs/numerics.md). COHORT names the program. Needs transformers, tokenizers and, built
where it can load them, llama-cpp-python. Exit code 1 when a row fails: other ids, an NMSE of the median token over 1e-4 for f32, f16 and bf16
(1e-3 for bf16; where experts are nearly as good, some tokens go to another), or a mean KL over its type's limit. The last column is the KL
that `cohort export --verify` finds by itself.
"""
import argparse
import json
import os
import shutil
import sys
import tempfile

import engines
import tiny_models
from engines import LlamaCpp, Transformers, cohort, distance

KL_LIMITS = {"f32": 1e-3, "f16": 2e-3, "bf16": 1e-2, "q8_0": 0.02, "q6_k": 0.05, "q4_k_m": 0.5, "q4_k_s": 0.5, "q4_0": 1.0}


def row(name, what, same, texts, d, size, own):
    print(f"{name:14} {what:12} {same:3}/{texts} {d['nmse']:9.2e} {d['median']:9.2e} {100 * d['top1']:7.2f}% {d['kl']:10.2e} {d['kl_max']:10.2e} {size / 1e6:9.2f}  {own}", flush=True)


def routed(source):
    if source.endswith(".gguf"):
        return False
    config = json.load(open(os.path.join(source, "config.json")))
    return bool(config.get("num_experts") or config.get("n_routed_experts"))


def check(name, source, folder, options):
    failures = []
    texts = engines.TEXTS
    text = open(options.text, encoding="utf-8").read()
    is_routed = routed(source)
    is_gguf = source.endswith(".gguf")
    f32 = os.path.join(folder, "f32.gguf")
    if is_gguf:
        cohort("export", source, f32, "--type", "f32")
        reference = LlamaCpp(f32)
        begin = reference.model.token_bos() if reference.model._model.add_bos_token() else None
    else:
        reference = Transformers(source)
        config = json.load(open(os.path.join(source, "tokenizer_config.json")))
        bos = config.get("bos_token")
        begin = reference.tokenizer.token_to_id(bos["content"] if isinstance(bos, dict) else bos) if bos and config.get("add_bos_token") else None
    want_ids = reference.ids(texts)
    if engines.cohort_ids(source, texts) != want_ids:
        failures.append(f"{name}: cohort tokenize {source} gives other ids than the reference")
    pieces = engines.windows(reference.ids([text])[0][:options.tokens], begin)
    want = reference.logits(pieces)

    def judge(what, engine, size, own, nmse_limit, kl_limit):
        got_ids = engine.ids(texts)
        d = distance(want, engine.logits(pieces)[:, :want.shape[1]])
        same = sum(a == b for a, b in zip(want_ids, got_ids, strict=True))
        row(name, what, same, len(texts), d, size, own)
        for t, a, b in zip(texts, want_ids, got_ids, strict=True):
            if a != b:
                failures.append(f"{name} {what}: ids of {t!r} are {b}, expected {a}")
        if is_routed and not what.endswith("f32"):  # some tokens go to another expert
            kl_limit = max(kl_limit, 0.05 if what.endswith("f16") else 0.5)
        if not d["median"] <= nmse_limit or not d["kl"] <= kl_limit:
            failures.append(f"{name} {what}: NMSE of the median row {d['median']:.2e} (limit {nmse_limit}), KL {d['kl']:.2e} (limit {kl_limit})")

    if not is_gguf:
        for type_ in ("f32", "bf16"):
            hf = os.path.join(folder, f"hf-{type_}")
            own = json.loads(cohort("export", source, hf, "--format", "hf", "--type", type_, "--verify", "--json"))
            judge(f"hf {type_}", Transformers(hf), own["file_bytes"], f"{own['kl_mean']:.2e}", 1e-10 if type_ == "f32" else 1e-3, KL_LIMITS[type_])
    for type_ in options.types.split(","):
        path = os.path.join(folder, f"{type_}.gguf")
        if os.path.exists(path):
            os.remove(path)
        own = json.loads(cohort("export", source, path, "--type", type_, "--verify", "--json"))
        engine = LlamaCpp(path)
        judge(f"gguf {type_}", engine, own["file_bytes"], f"{own['kl_mean']:.2e}", {"f32": 1e-4, "f16": 1e-4, "bf16": 1e-3}.get(type_, 1), KL_LIMITS[type_])
        engine.close()
        if not options.keep and not (is_gguf and type_ == "f32"):
            os.remove(path)
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=list(tiny_models.FAMILIES))
    parser.add_argument("--types", default=",".join(engines.TYPES))
    parser.add_argument("--text", default=os.path.join(tiny_models.ROOT, "docs/numerics.md"))
    parser.add_argument("--tokens", type=int, default=1000)
    parser.add_argument("--keep", help="folder to make, which keeps what was written")
    options = parser.parse_args()
    work = options.keep or tempfile.mkdtemp()
    failures = []
    print(f"{'model':14} {'written':12} {'ids':>6} {'NMSE':>9} {'median':>9} {'top-1':>8} {'KL mean':>10} {'KL max':>10} {'MB':>9}  own KL")
    try:
        for model in options.models:
            name = os.path.basename(model.rstrip("/")).removesuffix(".gguf")
            folder = os.path.join(work, name)
            os.makedirs(folder)
            source = model
            if model in tiny_models.FAMILIES:
                source = os.path.join(folder, "model")
                tiny_models.make(model, source)
            failures += check(name, source, folder, options)
    finally:
        if not options.keep:
            shutil.rmtree(work)
    for failure in failures:
        print("FAILS:", failure)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
