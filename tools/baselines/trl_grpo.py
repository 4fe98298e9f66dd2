#!/usr/bin/env python3
"""TRL's GRPO step: the work of `cohort bench grpo`, for its --beside.

  trl_grpo.py --model FOLDER [--prompts 8] [--n 8] [--prompt-len 32] [--max-completion 64] [--steps 6] [--dtype fp32] [--threads 2] [--beta 0.001]

A step samples n completions of full length for each prompt, scores them by a rule that takes no time, and makes one update with a KL term
against a reference model. Prints one JSON line with the seconds of every step, sampling included. Needs trl, datasets and transformers.
"""
import argparse
import json
import tempfile
import time

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
TEXT = "one boat of seven crossed the wide river before the rain and nobody on the far side had seen it leave "


class StepClock(TrainerCallback):
    """TRL samples inside the training step, so what lies between begin and end is all of it."""

    def __init__(self):
        self.seconds = []

    def on_step_begin(self, *_, **__):
        self.start = time.perf_counter()

    def on_step_end(self, *_, **__):
        self.seconds.append(round(time.perf_counter() - self.start, 4))


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--dtype", choices=DTYPES, default="fp32")
    parser.add_argument("--beta", type=float, default=0.001)
    for name, default in (("prompts", 8), ("n", 8), ("prompt-len", 32), ("max-completion", 64), ("steps", 6), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=DTYPES[options.dtype])
    ids = tokenizer(TEXT * (1 + (options.prompt_len + options.prompts) // 8))["input_ids"]
    prompts = [tokenizer.decode(ids[i:i + options.prompt_len]) for i in range(options.prompts)]
    batch = options.prompts * options.n
    clock = StepClock()
    with tempfile.TemporaryDirectory() as folder:
        config = GRPOConfig(
            output_dir=folder, use_cpu=True, bf16=False, fp16=False, per_device_train_batch_size=batch, num_generations=options.n,
            max_completion_length=options.max_completion, generation_kwargs={"min_new_tokens": options.max_completion},
            max_steps=options.steps, beta=options.beta, learning_rate=3e-6, gradient_checkpointing=False, shuffle_dataset=False,
            save_strategy="no", report_to=[], disable_tqdm=True)
        trainer = GRPOTrainer(
            model=model, args=config, processing_class=tokenizer, callbacks=[clock],
            reward_funcs=lambda completions, **_: [len(text) % 5 / 5 for text in completions],
            train_dataset=Dataset.from_dict({"prompt": prompts * options.steps}))
        trainer.train()
    print(json.dumps({"system": "trl", "dtype": options.dtype, "batch": batch, "completion": options.max_completion, "steps": clock.seconds}))


if __name__ == "__main__":
    main()
