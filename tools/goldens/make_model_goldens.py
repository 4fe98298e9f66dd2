#!/usr/bin/env python3
"""Logits and gradients of transformers' DeepseekV3ForCausalLM (and its MtpModel) for tests/model/decoder_golden_test.cc.

  make_model_goldens.py        writes tests/golden/model/{lora_groups_yarn_mtp,plain_tied,dense_student}{/,.safetensors}

Each folder is a Hugging Face model (config.json as transformers saves it; weights are bf16-exact, so that they load without
rounding); the file beside it holds ids, targets and weights [S, T], logits [S, T, V] and grad.NAME of
loss = -sum weights * log softmax(logits)[targets]   (+ the same over the MTP logits, for the token after next).
Computed in float64 where transformers does not itself cast to float32 (norms, router, softmax).
"""
import os

import torch
from safetensors.torch import save_file
from transformers import DeepseekV3Config, DeepseekV3ForCausalLM
from transformers.modeling_layers import MtpModel

OUT = os.path.join(os.path.dirname(__file__), "../../tests/golden/model")
COMMON = dict(vocab_size=64, hidden_size=40, intermediate_size=48, moe_intermediate_size=8, num_attention_heads=2, num_key_value_heads=2,
              n_routed_experts=8, n_shared_experts=1, num_experts_per_tok=2, kv_lora_rank=16, qk_nope_head_dim=8, qk_rope_head_dim=8,
              v_head_dim=12, max_position_embeddings=256, bos_token_id=0, eos_token_id=1)  # a pad_token_id would zero its embedding's gradient
CASES = {
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
        if "inv_freq" in name:
            continue
        draw = torch.randn(p.shape, generator=generator)
        if "norm" in name:
            draw = 1 + 0.2 * draw
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
    config = DeepseekV3Config(**(COMMON | options))
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    model = DeepseekV3ForCausalLM(config)
    randomise(model, generator)
    layers = config.num_hidden_layers
    mtp = None
    if config.num_nextn_predict_layers:
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

    parameters = dict(model.named_parameters())
    buffers = {n: b for n, b in model.named_buffers() if "inv_freq" not in n}
    if mtp is not None:
        parameters |= {mtp_name(n, layers): p for n, p in mtp.named_parameters() if n.startswith("layers.")}
        buffers |= {mtp_name(n, layers): b for n, b in mtp.layers.named_buffers(prefix="layers")}
    state = split_experts({n: p.data.bfloat16() for n, p in parameters.items()}) | {n: b.float() for n, b in buffers.items()}
    grads = split_experts({n: p.grad.float() for n, p in parameters.items()})
    golden |= {f"grad.{n}": g for n, g in grads.items()}
    golden["loss"] = loss.detach().float().reshape(1)

    folder = os.path.join(OUT, name)
    os.makedirs(folder, exist_ok=True)
    config.architectures = ["DeepseekV3ForCausalLM"]
    config.save_pretrained(folder)
    save_file(state, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    save_file(golden, folder + ".safetensors")
    print(name, sum(t.numel() for t in state.values()), "values, loss", loss.item(), "logits", out.logits.abs().max().item())


if __name__ == "__main__":
    torch.set_num_threads(1)
    for case, options in CASES.items():
        make(case, options)
