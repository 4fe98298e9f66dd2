#!/usr/bin/env python3
"""A model in F8_E4M3 blocks, as DeepSeek-V3 is published, and what it means: for tests/model/fp8_test.cc.

  make_fp8_golden.py      writes tests/golden/model/fp8_blocks{/,.safetensors} and tests/golden/io/f8_e4m3.safetensors

The folder is a DeepSeek-V3 with an MTP module, of which torch quantised what DeepSeek quantises: 128 x 128 blocks, cut at the
edges, factors max|block| / 448. The file beside it holds ids [1, T], logits [1, T, V] of transformers' model with the
dequantised weights in float64, next_ids, mtp_logits of MtpModel, and weight.NAME, some of the dequantised weights as torch has
them in float32. f8_e4m3.safetensors: codes, all 256, and values, what torch makes of them (0 where not a number).
"""
import json
import os
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.modeling_layers import MtpModel

sys.path.insert(0, os.path.dirname(__file__))
from make_model_goldens import mtp_name, randomise, split_experts  # noqa: E402

ROOT = os.path.join(os.path.dirname(__file__), "../../tests/golden")
BLOCK = 128
SHAPE = dict(vocab_size=32, hidden_size=136, intermediate_size=144, moe_intermediate_size=16, num_attention_heads=2, num_key_value_heads=2,
             n_routed_experts=4, n_shared_experts=1, num_experts_per_tok=2, kv_lora_rank=16, q_lora_rank=24, qk_nope_head_dim=8,
             qk_rope_head_dim=8, v_head_dim=12, max_position_embeddings=64, num_hidden_layers=2, first_k_dense_replace=1, n_group=2,
             topk_group=1, routed_scaling_factor=2.5, num_nextn_predict_layers=1, bos_token_id=0, eos_token_id=1)
QUANTIZATION = dict(activation_scheme="dynamic", fmt="e4m3", quant_method="fp8", weight_block_size=[BLOCK, BLOCK])
KEPT = ["mlp.experts.3.down_proj", "self_attn.kv_a_proj_with_mqa", "mlp.down_proj", "self_attn.o_proj", "shared_experts.up_proj"]


def quantised(weight):
    """Codes, and the factor of each block; every block gets a spread of its own."""
    rows, columns = weight.shape
    codes = torch.empty_like(weight, dtype=torch.float8_e4m3fn)
    scales = torch.empty((-(-rows // BLOCK), -(-columns // BLOCK)))
    for r in range(scales.shape[0]):
        for c in range(scales.shape[1]):
            part = (slice(r * BLOCK, (r + 1) * BLOCK), slice(c * BLOCK, (c + 1) * BLOCK))
            block = weight[part] * (1 + r + 2 * c) / 2
            scales[r, c] = block.abs().max() / 448
            codes[part] = (block / scales[r, c]).to(torch.float8_e4m3fn)
    return codes, scales


def dequantised(codes, scales):
    spread = scales.repeat_interleave(BLOCK, 0).repeat_interleave(BLOCK, 1)
    return codes.float() * spread[:codes.shape[0], :codes.shape[1]]


def is_quantised(name):
    return name.endswith("_proj.weight") and "eh_proj" not in name or name.endswith("_with_mqa.weight")


def main():
    generator = torch.Generator().manual_seed(8)
    config = AutoConfig.for_model("deepseek_v3", **SHAPE)
    config._attn_implementation = config._experts_implementation = "eager"
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    randomise(model, generator)
    mtp = MtpModel(model, 1)
    randomise(mtp.layers, generator)
    layers = config.num_hidden_layers

    # Dequantised weights go back into the model; fused experts by parts of their tensors, which are views.
    parameters = dict(model.named_parameters())
    parameters |= {mtp_name(n, layers): p for n, p in mtp.named_parameters() if n.startswith("layers.")}
    stored, golden = {}, {}
    for name, p in split_experts(parameters).items():
        if not is_quantised(name):
            stored[name] = p.bfloat16()
            continue
        codes, scales = quantised(p)
        stored[name], stored[name + "_scale_inv"] = codes, scales
        weight = dequantised(codes, scales)
        if any(part in name for part in KEPT):
            golden["weight." + name] = weight
        p.copy_(weight)
    buffers = dict(model.named_buffers()) | {mtp_name(n, layers): b for n, b in mtp.layers.named_buffers(prefix="layers")}
    stored |= {n: b.float().clone() for n, b in buffers.items() if "e_score_correction_bias" in n}
    model.double()
    mtp.layers.double()

    ids = torch.randint(0, SHAPE["vocab_size"], (1, 24), generator=generator)
    with torch.no_grad():
        out = model(ids, output_hidden_states=True)
        next_ids = torch.cat([ids[:, 1:], torch.full((1, 1), 3)], 1)
        hidden = mtp.forward_layer(0, out.hidden_states[-1], torch.arange(24)[None], None, input_ids=next_ids)
        golden |= dict(ids=ids.int(), logits=out.logits.float(), next_ids=next_ids.int(), mtp_logits=mtp.shared_head(hidden).float())
    folder = os.path.join(ROOT, "model/fp8_blocks")
    os.makedirs(folder, exist_ok=True)
    save_file(stored, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    save_file(golden, folder + ".safetensors")
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    with open(os.path.join(folder, "config.json")) as file:
        written = json.load(file)
    written["quantization_config"] = QUANTIZATION
    written["dtype"] = "bfloat16"
    written.pop("_attn_implementation", None)
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(written, file, indent=2)
        file.write("\n")

    codes = torch.arange(256, dtype=torch.uint8).view(torch.float8_e4m3fn)
    save_file(dict(codes=codes, values=codes.float().nan_to_num(0)), os.path.join(ROOT, "io/f8_e4m3.safetensors"))


if __name__ == "__main__":
    main()
