#!/usr/bin/env python3
"""A random DeepSeek-V3 of 6.5 M parameters, with latent attention, 16 experts and a token a byte, as a Hugging Face folder: what
docs/performance.md times.

  moe_model.py FOLDER

Needs torch, transformers and tokenizers.
"""
import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import DeepseekV3Config, DeepseekV3ForCausalLM, PreTrainedTokenizerFast


def byte_tokenizer():
    vocabulary = {symbol: i for i, symbol in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<bos>", eos_token="<eos>")


def main():
    folder = sys.argv[1]
    tokenizer = byte_tokenizer()
    torch.manual_seed(0)
    model = DeepseekV3ForCausalLM(DeepseekV3Config(
        vocab_size=320, hidden_size=256, num_hidden_layers=4, first_k_dense_replace=1, intermediate_size=704,
        num_attention_heads=8, num_key_value_heads=8, q_lora_rank=128, kv_lora_rank=64, qk_nope_head_dim=32, qk_rope_head_dim=16, v_head_dim=32,
        n_routed_experts=16, num_experts_per_tok=4, n_shared_experts=1, moe_intermediate_size=128, n_group=4, topk_group=2,
        norm_topk_prob=True, routed_scaling_factor=2.5, max_position_embeddings=2048, tie_word_embeddings=False, num_nextn_predict_layers=0,
        pad_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    print(f"{folder}: {sum(p.numel() for p in model.parameters())} parameters")


if __name__ == "__main__":
    main()
