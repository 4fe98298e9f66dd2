"""What the checks of this folder share: cohort, transformers and llama.cpp, each giving ids and logits, and how far two logits are apart."""
import json
import os
import subprocess
import sys

import numpy as np

WINDOW = 256  # tokens that are evaluated together
TYPES = ["f32", "f16", "bf16", "q8_0", "q6_k", "q4_k_m", "q4_k_s", "q4_0"]


def cohort(*arguments, text=None):
    """Its standard output. COHORT names the program."""
    done = subprocess.run([os.environ.get("COHORT", "cohort"), *arguments], input=text, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"cohort {' '.join(arguments)}: exit {done.returncode}\n{done.stdout[-400:]}{done.stderr[-800:]}")
    return done.stdout


def cohort_ids(model, texts):
    lines = cohort("tokenize", model, "--json", text="".join(json.dumps(t) + "\n" for t in texts)).splitlines()
    return [json.loads(line)["ids"] for line in lines]


def windows(ids, begin):
    """Ids cut to pieces of WINDOW tokens, each after the token that begins a text, where there is one."""
    first = [] if begin is None else [begin]
    step = WINDOW - len(first)
    return [first + ids[i:i + step] for i in range(0, len(ids), step)]


class LlamaCpp:
    """llama.cpp on a GGUF file, its cache in fp32."""

    def __init__(self, path):
        from llama_cpp import Llama
        self.model = Llama(path, n_ctx=max(WINDOW, 512), n_batch=WINDOW, n_ubatch=WINDOW, logits_all=True, verbose=False, n_threads=2, n_threads_batch=2,
                           type_k=0, type_v=0)

    def ids(self, texts):
        return [self.model.tokenize(t.encode(), add_bos=False, special=True) for t in texts]

    def logits(self, pieces):
        out = []
        for piece in pieces:
            self.model.reset()
            self.model.eval(piece)
            out.append(np.array(self.model.scores[:len(piece)], dtype=np.float32))
        return np.concatenate(out)

    def chat(self, messages, tokens):
        """The answer by the chat template that the file holds, greedily."""
        return self.model.create_chat_completion(messages, temperature=0, max_tokens=tokens)["choices"][0]["message"]["content"]

    def close(self):
        self.model.close()


class Transformers:
    """transformers on a Hugging Face folder, in fp32; ids are those of its tokenizer.json, whatever AutoTokenizer makes of it."""

    def __init__(self, folder):
        import torch
        from tokenizers import Tokenizer
        from transformers import AutoModelForCausalLM
        self.torch = torch
        self.model, report = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
        mtp = f"model.layers.{self.model.config.get_text_config().num_hidden_layers}."
        faults = [*report["missing_keys"], *report["mismatched_keys"], *(n for n in report["unexpected_keys"] if not n.startswith(mtp))]
        if faults:
            sys.exit(f"{folder}: transformers misses, or does not know: {faults}")
        self.model.eval()
        self.tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))

    def ids(self, texts):
        return [self.tokenizer.encode(t, add_special_tokens=False).ids for t in texts]

    def logits(self, pieces):
        with self.torch.no_grad():
            return np.concatenate([self.model(self.torch.tensor([p])).logits[0].numpy() for p in pieces])


def log_softmax(x):
    x = x.astype(np.float64)
    x -= x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def distance(reference, other):
    """NMSE of all logits and of the median row, part of rows with the same top token, mean and largest KL(reference || other)."""
    power = (reference.astype(np.float64) ** 2).sum(-1)
    off = ((other.astype(np.float64) - reference) ** 2).sum(-1)
    kl = []
    for row in range(0, len(reference), 64):
        p, q = log_softmax(reference[row:row + 64]), log_softmax(other[row:row + 64])
        kl.append((np.exp(p) * (p - q)).sum(-1))
    kl = np.concatenate(kl)
    return {"nmse": float(off.sum() / power.sum()), "median": float(np.median(off / power)), "top1": float((reference.argmax(-1) == other.argmax(-1)).mean()), "kl": float(kl.mean()), "kl_max": float(kl.max())}


# Texts whose ids are compared. Composed (NFC): llama.cpp does not compose text as Qwen's tokenizers do.
TEXTS = [
    "The harbour was quiet. I'm sure they'll say it wasn't: WE'D know, wouldn't we?", "1 12 123 1234 12345 3.14159 1,000,000 0x7f 2^10",
    "def f(x):\n\treturn [x[i] for i in range(10)]  # comment\r\n\r\n", "  leading,   inner   and trailing   ", "\n\n \n  \t\n", "", " ",
    "Führer naïve Straße İstanbul Łódź", "渡船到港时，码头很安静。船が港に着いたとき。배가 항구에 도착했다。", "Когда паром пришёл, Η θάλασσα",
    "وصلت العبّارة ١٢٣ המעבורת नाव बंदरगाह เรือมาถึง", "😀👩‍👩‍👧 🇫🇷 ❤️ é ﬁ ∞ ≠ ² €5 — “quoted” …", "nbsp\u00a0here\u3000wide\u200bnone\u0085nel",
    ".method _private snake_case CamelCase a.b.c http://example.org/?q=1&r=2#top", "<think>\n17 + 25 = 42\n</think>\n<answer>42</answer> \\boxed{42}",
    "<|im_start|>user\nHi<|im_end|>\n<|endoftext|><s></s>",
]
