#!/usr/bin/env python3
"""Logits, greedy ids and gradients of transformers' models (and MtpModel) for tests/model/decoder_golden_test.cc.

  make_model_goldens.py [CASE ...]     writes tests/golden/model/CASE{/,.safetensors}

Each folder is a Hugging Face model (config.json as transformers saves it; weights are bf16-exact, so that they load without
rounding); the file beside it holds ids, targets and weights [S, T], logits [S, T, V], greedy [S, 64] (the continuation of each sequence's
first 8 ids), bf16_nmse [1] (of transformers' own logits in bfloat16, the median row) and grad.NAME of
loss = -sum weights * log softmax(logits)[targets]   (+ the same over the MTP logits, for the token after next).
Computed in float64 where transformers does not itself cast to float32 (norms, router, softmax).
"""
import os
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.modeling_layers import MtpModel

OUT = os.path.join(os.path.dirname(__file__), "../../tests/golden/model")
COMMON = dict(vocab_size=64, hidden_size=40, intermediate_size=48, moe_intermediate_size=8, num_attention_heads=2, num_key_value_heads=2,
              n_routed_experts=8, n_shared_experts=1, num_experts_per_tok=2, kv_lora_rank=16, qk_nope_head_dim=8, qk_rope_head_dim=8,
              v_head_dim=12, max_position_embeddings=256, bos_token_id=0, eos_token_id=1)  # a pad_token_id would zero its embedding's gradient
DENSE = dict(vocab_size=64, hidden_size=48, intermediate_size=56, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2,
             max_position_embeddings=256, bos_token_id=0, eos_token_id=1, pad_token_id=None)
FAMILIES = {
    "llama3": ("llama", DENSE | dict(rope_theta=10000.0, tie_word_embeddings=False, rms_norm_eps=1e-5, rope_scaling=dict(
        rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32))),
    "smollm2": ("llama", DENSE | dict(num_key_value_heads=3, rope_theta=100000.0, tie_word_embeddings=True)),
    "llama_bias_linear": ("llama", DENSE | dict(attention_bias=True, head_dim=12, num_hidden_layers=2,
                                                rope_scaling=dict(rope_type="linear", factor=2.0))),
    "qwen2": ("qwen2", DENSE | dict(tie_word_embeddings=True, rope_theta=1000000.0, use_sliding_window=False)),
    "qwen2_yarn_window": ("qwen2", DENSE | dict(use_sliding_window=True, sliding_window=7, max_window_layers=1, rope_scaling=dict(
        rope_type="yarn", factor=4.0, original_max_position_embeddings=64))),
    "qwen3": ("qwen3", DENSE | dict(head_dim=16, tie_word_embeddings=False)),
    "qwen3_moe": ("qwen3_moe", DENSE | dict(head_dim=16, moe_intermediate_size=24, num_experts=8, num_experts_per_tok=3, norm_topk_prob=True,
                                            mlp_only_layers=[0], tie_word_embeddings=False)),
    "gemma3": ("gemma3_text", DENSE | dict(head_dim=16, num_hidden_layers=4, query_pre_attn_scalar=24, sliding_window=9, rms_norm_eps=1e-6,
                                           layer_types=["sliding_attention", "sliding_attention", "full_attention", "sliding_attention"])),
}
V2 = dict(num_hidden_layers=2, first_k_dense_replace=1, num_nextn_predict_layers=None, n_shared_experts=2)
CASES = {
    "deepseek_v2_lite": V2 | dict(model_type="deepseek_v2", q_lora_rank=None, topk_method="greedy", num_experts_per_tok=3, rope_scaling=dict(
        rope_type="yarn", factor=4.0, original_max_position_embeddings=64, beta_fast=32, beta_slow=1, mscale=0.707, mscale_all_dim=0.707)),
    "deepseek_v2_groups": V2 | dict(model_type="deepseek_v2", q_lora_rank=24, topk_method="group_limited_greedy", n_group=4, topk_group=2,
                                    routed_scaling_factor=4.0),
    "lora_groups_yarn_mtp": dict(
        num_hidden_layers=2, first_k_dense_replace=1, q_lora_rank=24, n_group=4, topk_group=2, routed_scaling_factor=2.5,
        num_nextn_predict_layers=1, rope_theta=1000.0,
        rope_scaling=dict(type="yarn", factor=4.0, original_max_position_embeddings=64, beta_fast=32, beta_slow=1, mscale=1.0,
                          mscale_all_dim=0.8)),
    "plain_tied": dict(num_hidden_layers=3, first_k_dense_replace=1, q_lora_rank=None, n_group=1, topk_group=1, num_experts_per_tok=3,
                       norm_topk_prob=False, routed_scaling_factor=1.0, num_nextn_predict_layers=0, tie_word_embeddings=True,
                       rms_norm_eps=1e-4, n_shared_experts=2, rope_interleave=False),
    "dense_student": dict(num_hidden_layers=2, first_k_dense_replace=2, q_lora_rank=None, n_group=1, topk_group=1,
                          num_nextn_predict_layers=0, rope_theta=100.0),
}


def mtp_name(name, layers):
    """Checkpoint name of a parameter of MtpModel's only layer."""
    inner = name.removeprefix("layers.0.").removeprefix("mtp_block.")
    return f"model.layers.{layers}." + ("shared_head.norm.weight" if inner == "post_norm.weight" else inner)


def split_experts(tensors):
    """Fused expert tensors to per-expert names."""
    out = {}
    for name, t in tensors.items():
        if name.endswith(".mlp.experts.gate_up_proj"):
            for e in range(t.shape[0]):
                gate, up = t[e].chunk(2, dim=0)
                out[name.replace("gate_up_proj", f"{e}.gate_proj.weight")] = gate
                out[name.replace("gate_up_proj", f"{e}.up_proj.weight")] = up
        elif name.endswith(".mlp.experts.down_proj"):
            for e in range(t.shape[0]):
                out[name.replace("down_proj", f"{e}.down_proj.weight")] = t[e]
        else:
            out[name] = t
    return {n: t.detach().contiguous() for n, t in out.items()}


def randomise(module, generator):
    for name, p in list(module.named_parameters()) + list(module.named_buffers()):
        if "inv_freq" in name or "embed_scale" in name:
            continue
        draw = torch.randn(p.shape, generator=generator)
        if "norm" in name:
            draw = 0.2 * draw + (0 if "Gemma" in type(module).__name__ else 1)
        elif "e_score_correction_bias" in name:
            draw = 0.1 * draw
        else:
            draw = 0.15 * draw
        p.data.copy_(draw.bfloat16())


def weighted_loss(logits, targets, weights):
    logprob = torch.log_softmax(logits, -1).gather(-1, targets[..., None])[..., 0]
    return -(weights * logprob).sum()


def make(name, options):
    generator = torch.Generator().manual_seed(1)
    if "model_type" not in options:
        options = COMMON | options | dict(model_type="deepseek_v3")
    elif options["model_type"] == "deepseek_v2":
        options = COMMON | options
    options = {k: v for k, v in options.items() if not (k == "num_nextn_predict_layers" and v is None)}
    config = AutoConfig.for_model(**options)
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    randomise(model, generator)
    layers = config.num_hidden_layers
    mtp = None
    if getattr(config, "num_nextn_predict_layers", 0) and config.model_type == "deepseek_v3":
        mtp = MtpModel(model, 1)
        randomise(mtp.layers, generator)
    model.double()
    if mtp is not None:
        mtp.layers.double()

    sequences, length = 2, 40
    ids = torch.randint(0, 64, (sequences, length), generator=generator)
    targets = torch.randint(0, 64, (sequences, length), generator=generator)
    weights = torch.rand((sequences, length), generator=generator) / (sequences * length)
    out = model(ids, output_hidden_states=True)
    golden = dict(ids=ids.int(), targets=targets.int(), weights=weights, logits=out.logits.detach().float())
    greedy = ids[:, :8]
    with torch.no_grad():
        for _ in range(64):
            greedy = torch.cat([greedy, model(greedy).logits[:, -1].argmax(-1, keepdim=True)], 1)
    golden["greedy"] = greedy[:, 8:].int().contiguous()
    loss = weighted_loss(out.logits, targets, weights.double())
    if mtp is not None:
        # Row i: the state of row i and the embedding of the token after it; the last row has no next token, and 3 stands for it.
        next_ids = torch.cat([ids[:, 1:], torch.full((sequences, 1), 3)], 1)
        position = torch.arange(length)[None].expand(sequences, -1)
        hidden = mtp.forward_layer(0, out.hidden_states[-1], position, None, input_ids=next_ids)
        assert torch.equal(model.lm_head(out.hidden_states[-1]), out.logits)  # the last hidden state is after the norm
        logits = mtp.shared_head(hidden)
        golden |= dict(next_ids=next_ids.int(), mtp_logits=logits.detach().float())
        loss = loss + weighted_loss(logits, targets, weights.double())
    loss.backward()

    parameters = {n: p for n, p in model.named_parameters() if not (config.tie_word_embeddings and n == "lm_head.weight")}
    buffers = {n: b for n, b in model.named_buffers() if "inv_freq" not in n and "embed_scale" not in n}
    if mtp is not None:
        parameters |= {mtp_name(n, layers): p for n, p in mtp.named_parameters() if n.startswith("layers.")}
        buffers |= {mtp_name(n, layers): b for n, b in mtp.layers.named_buffers(prefix="layers")}
    state = split_experts({n: p.data.bfloat16() for n, p in parameters.items()}) | {n: b.float() for n, b in buffers.items()}
    grads = split_experts({n: p.grad.float() for n, p in parameters.items()})
    golden |= {f"grad.{n}": g for n, g in grads.items()}
    golden["loss"] = loss.detach().float().reshape(1)

    with torch.no_grad():
        rounded = model.bfloat16()(ids).logits.double()
    row_nmse = (rounded - out.logits).square().sum(-1) / out.logits.square().sum(-1)
    golden["bf16_nmse"] = row_nmse.detach().median().float().reshape(1)

    folder = os.path.join(OUT, name)
    os.makedirs(folder, exist_ok=True)
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    save_file(state, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    save_file(golden, folder + ".safetensors")
    print(name, sum(t.numel() for t in state.values()), "values, loss", loss.item(), "logits", out.logits.abs().max().item(), "bf16", golden["bf16_nmse"].item())


if __name__ == "__main__":
    torch.set_num_threads(1)
    cases = CASES | {name: options | dict(model_type=arch) for name, (arch, options) in FAMILIES.items()}
    for case in sys.argv[1:] or cases:
        make(case, cases[case])
