"""Small random models of every family that llama.cpp and cohort both know, as Hugging Face folders made by transformers.

Rows are multiples of 256 where the family allows it, so that K-quants are K-quants. Tokenizers are byte-level BPE, trained on this
project's own documents, with the family's real splitter, special tokens and a chat template.
"""
import glob
import json
import os
import sys

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../goldens"))
from make_model_goldens import split_experts  # noqa: E402

ROOT = os.path.join(os.path.dirname(__file__), "../..")
LETTERS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
V3 = [r"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+",
      '[!"#$%&' + r"'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"]
TEMPLATE = ("{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
            "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
VOCABULARY = 2048
DENSE = dict(vocab_size=VOCABULARY, hidden_size=256, intermediate_size=512, num_hidden_layers=4, num_attention_heads=8, num_key_value_heads=2,
             max_position_embeddings=512, tie_word_embeddings=False, bos_token_id=0, eos_token_id=2, pad_token_id=None)
FAMILIES = {
    "llama": ("llama3", DENSE | dict(model_type="llama", rope_theta=500000.0, rms_norm_eps=1e-5, rope_scaling=dict(
        rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192))),
    "qwen2": ("qwen2", DENSE | dict(model_type="qwen2", rope_theta=1000000.0, tie_word_embeddings=True, use_sliding_window=False)),
    "qwen3": ("qwen2", DENSE | dict(model_type="qwen3", head_dim=64, rope_theta=1000000.0)),
    "qwen3_moe": ("qwen2", DENSE | dict(model_type="qwen3_moe", head_dim=64, num_experts=16, num_experts_per_tok=4, moe_intermediate_size=256,
                                        norm_topk_prob=True, mlp_only_layers=[])),
    "deepseek_v3": ("deepseek-v3", DENSE | dict(
        model_type="deepseek_v3", num_key_value_heads=8, moe_intermediate_size=256, n_routed_experts=16, n_shared_experts=1, num_experts_per_tok=4,
        n_group=4, topk_group=2, first_k_dense_replace=1, routed_scaling_factor=2.5, norm_topk_prob=True, q_lora_rank=256, kv_lora_rank=256,
        qk_nope_head_dim=64, qk_rope_head_dim=32, v_head_dim=64, num_nextn_predict_layers=0, rope_theta=10000.0, rope_scaling=dict(
            type="yarn", factor=4.0, original_max_position_embeddings=128, beta_fast=32, beta_slow=1, mscale=1.0, mscale_all_dim=1.0))),
}


def tokenizer(kind):
    t = Tokenizer(models.BPE(ignore_merges=kind == "llama3"))
    patterns = {"llama3": [LETTERS % "{1,3}"], "qwen2": [LETTERS % ""], "deepseek-v3": V3}[kind]
    if kind == "qwen2":
        t.normalizer = normalizers.NFC()
    splits = [pre_tokenizers.Split(Regex(p), "isolated") for p in patterns]
    t.pre_tokenizer = pre_tokenizers.Sequence([*splits, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    special = [AddedToken(s, normalized=False, special=True) for s in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")]
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY - 2, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    t.train(sorted(glob.glob(ROOT + "/docs/*.md")), trainer)
    t.add_tokens([AddedToken("<think>", normalized=False, special=False), AddedToken("</think>", normalized=False, special=False)])
    return t


def make(family, folder):
    kind, options = FAMILIES[family]
    config = AutoConfig.for_model(**options)
    config._experts_implementation = "eager"
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    generator = torch.Generator().manual_seed(11)
    for name, p in [*model.named_parameters(), *model.named_buffers()]:
        if "inv_freq" in name:
            continue
        draw = torch.randn(p.shape, generator=generator)
        # Logits spread as a trained model's do; norms near 1; weights of a row as large as keeps a layer's variance.
        scale = 0.1 if "norm" in name or "bias" in name else 0.05 if "embed" in name else (p.shape[-1] ** -0.5)
        p.data.copy_(draw * scale + (1 if "norm" in name else 0))
    os.makedirs(folder)
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    tied = config.tie_word_embeddings
    state = {n: t for n, t in model.state_dict().items() if "inv_freq" not in n and not (tied and n == "lm_head.weight")}
    save_file(split_experts(state), os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    t = tokenizer(kind)
    assert t.get_vocab_size() <= VOCABULARY
    t.save(os.path.join(folder, "tokenizer.json"))
    with open(os.path.join(folder, "tokenizer_config.json"), "w") as f:
        json.dump({"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|endoftext|>", "eos_token": "<|im_end|>", "add_bos_token": False,
                   "chat_template": TEMPLATE}, f)
