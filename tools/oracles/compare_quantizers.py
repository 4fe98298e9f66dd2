#!/usr/bin/env python3
"""cohort's quantised files beside those that llama.cpp's own quantiser makes of the same F32 file.

  compare_quantizers.py F32.gguf [--types T,...] [--text FILE] [--tokens N]

Prints, for each type: how many tensors have the same type and the same bytes in both files, the RMS error of all quantised weights as a part of
llama.cpp's, and for both files KL(llama.cpp on F32 || llama.cpp on the file). COHORT names the program. Exit code 1 when a tensor's type
differs or cohort's error is larger by more than a hundredth.
"""
import argparse
import ctypes
import os
import sys
import tempfile

import gguf
import llama_cpp
import numpy as np

import engines
from engines import LlamaCpp, cohort, distance

FILE_TYPES = {"f16": 1, "bf16": 32, "q8_0": 7, "q6_k": 18, "q4_k_m": 15, "q4_k_s": 14, "q4_0": 2}


def quantize(source, target, file_type):
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype, parameters.nthread = file_type, 2
    if llama_cpp.llama_model_quantize(source.encode(), target.encode(), ctypes.byref(parameters)):
        sys.exit(f"llama.cpp cannot quantise {source}")


def tensors(path):
    return {t.name: t for t in gguf.GGUFReader(path).tensors}


def squared_error(tensor, exact):
    values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(-1)
    return float(((values.astype(np.float64) - exact.data.reshape(-1)) ** 2).sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("f32")
    parser.add_argument("--types", default=",".join(FILE_TYPES))
    parser.add_argument("--text", default=os.path.join(os.path.dirname(__file__), "../../docs/numerics.md"))
    parser.add_argument("--tokens", type=int, default=1000)
    options = parser.parse_args()
    exact = tensors(options.f32)
    reference = LlamaCpp(options.f32)
    begin = reference.model.token_bos() if reference.model._model.add_bos_token() else None
    pieces = engines.windows(reference.ids([open(options.text, encoding="utf-8").read()])[0][:options.tokens], begin)
    want = reference.logits(pieces)
    reference.close()
    failed = False
    print(f"{'type':8} {'same type':>10} {'same bytes':>11} {'error':>7} {'KL cohort':>11} {'KL llama.cpp':>13} {'MB cohort':>10} {'MB llama.cpp':>13}")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.types.split(","):
            ours, theirs = os.path.join(folder, "ours.gguf"), os.path.join(folder, "theirs.gguf")
            cohort("export", options.f32, ours, "--type", name)
            quantize(options.f32, theirs, FILE_TYPES[name])
            a, b = tensors(ours), tensors(theirs)
            if a.keys() != b.keys():
                sys.exit(f"{name}: other tensors: {sorted(a.keys() ^ b.keys())[:4]}")
            types = [t for t in a if a[t].tensor_type == b[t].tensor_type]
            same = [t for t in types if np.array_equal(a[t].data, b[t].data)]
            rounded = [t for t in a if a[t].tensor_type != gguf.GGMLQuantizationType.F32]
            error = [sum(squared_error(file[t], exact[t]) for t in rounded) ** 0.5 for file in (a, b)]
            kl = []
            for path in (ours, theirs):
                engine = LlamaCpp(path)
                kl.append(distance(want, engine.logits(pieces))["kl"])
                engine.close()
            part = error[0] / error[1] if error[1] else float(error[0] == 0)
            failed |= len(types) != len(a) or part > 1.01
            print(f"{name:8} {len(types):5}/{len(a):4} {len(same):6}/{len(a):4} {part:7.3f} {kl[0]:11.2e} {kl[1]:13.2e} "
                  f"{os.path.getsize(ours) / 1e6:10.2f} {os.path.getsize(theirs) / 1e6:13.2f}", flush=True)
            for t in a:
                if t not in types:
                    print(f"  {t}: {a[t].tensor_type.name}, llama.cpp makes {b[t].tensor_type.name}")
            os.remove(ours)
            os.remove(theirs)
    sys.exit(failed)


if __name__ == "__main__":
    main()
