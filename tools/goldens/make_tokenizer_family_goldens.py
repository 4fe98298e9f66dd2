#!/usr/bin/env python3
"""What PyPI `tokenizers` makes of some seven thousand lines, a family of tokenizers at a time, for tests/model/tokenizer/family_test.cc.

  make_tokenizer_family_goldens.py DATA        DATA: the folder with the data sets and vocab/ (see the README there)

Writes tests/golden/model/tokenizer/families/: fragments.json (what the lines are made of), small_vocab.json (a little SentencePiece-style
vocabulary), a NAME.json a family (where its tokenizer comes from) and a NAME.bin: 16 bits of a hash a line. The lines: SYNTHETIC of our
own making, then real text and code of the data sets, which a test that lacks them leaves out.
"""
import gzip
import json
import os
import struct
import sys

import gguf
from tokenizers import Tokenizer, models, normalizers, trainers
from transformers.convert_slow_tokenizer import generate_merges

OUT = os.path.join(os.path.dirname(__file__), "../../tests/golden/model/tokenizer/families")
SYNTHETIC = 3000
MASK = (1 << 64) - 1

FRAGMENTS = """the The THE quick brown fox, jumps over; lazy dog. don't I'll THEY'VE it's 'tis we'd she'S I'M 'RE 've 's 't 'll 'd 'ſ
hello_world camelCase snake_case_name __init__ self.x x=1 y+=2; i++ a->b a::b foo(bar) [0] {k:v} <br/> </div> == != <= >= && || // /* */ ## --- ...
def return lambda import for while if(x) 0x1F 1e-5 3.14 1,000,000 100% $5.00 #tag @user https://example.org/a?b=c&d=e name@example.com C:\\path\\n
1 12 123 1234 12345 123456 1234567 007 ½ ² ³ ⅷ Ⅷ ٣ ٣٤٥ १२३ 一二三 ㊿ ①② 𝟘𝟙 𑁦 𞥐
Führer naïve café Straße ÅNGSTRÖM ñandú øre œuvre ﬁne Ǆ ǅ ǆ ß ẞ İstanbul ıI ÿ À õ þ û ÷ ×
Привет, мир! Ёлка їжак Ўсё Ελληνικά άέήίόύώ σς שלום עולם العَرَبِيَّة السلام عليكم فارسی‌ها اردو ہے हिन्दी क्षत्रिय বাংলা தமிழ் తెలుగు ಕನ್ನಡ മലയാളം සිංහල
ไทยไม่เว้นวรรค ลาว ဗမာ ខ្មែរ བོད་ཡིག ქართული Հայերեն አማርኛ ᏣᎳᎩ ᐃᓄᒃᑎᑐᑦ ᠮᠣᠩᠭᠣᠯ ⴰⵎⴰⵣⵉⵖ ߒߞߏ ꦗꦮ 𐌰𐌱 𐤀𐤁 𓀀𓂀 𒀀
你好，世界！ 漢字かな交じり文 東京都 日本語123abc カタカナ ﾊﾝｶｸ ｆｕｌｌ １２３ 。、「」『』【】〜・… 한국어 가각간 ᄒᆞᆫ글 한글 𠀀𠮷 龥龦 一 ゟ゠ヿ ㈱ 〇
🙂 😀😁 👍🏽 👩‍👩‍👧 🏳️‍🌈 🇩🇪🇫🇷 ❤️ ☺ ✔️ ©®™ € £ ¥ ₿ → ⇒ ∀x∈ℝ ∑ ∫ √ ≤ ≠ ± ° ′ ″ ‰ § ¶ † • ‣ ■ 🫨 🪿 🫩
é à ö ñ Å 가 ́ ̈ ̸ ẍ̧ ạ̈̃ ộ क़ ﷺ ﬀ Ω Å ︎ ️ ‍ ‌ ‎ ‏ ﻿ ­ ͏ ᅟ
<|endoftext|> <|im_start|> <|im_end|> <|im_start|>user <|begin_of_text|> <|eot_id|> <|start_header_id|> <｜begin▁of▁sentence｜> <｜end▁of▁sentence｜> <｜User｜> <｜Assistant｜>
<s> </s> <unk> <pad> <bos> <eos> <start_of_turn> <end_of_turn> <unused0> <fim_prefix> <fim_middle> <think> </think> <tool_call> <answer> [INST] [/INST] <<SYS>> <0x0A> <0xE4> ▁ ▁▁ ▁the <|fim_prefix|> <|im_ <｜ |> <|
\\frac{1}{2} \\boxed{42} \\sum_{i=1}^{n} x^2 $$ \\[ \\] \\begin{align} O(n\\log n) 2+2=4 a/b 6*7 (3,4) -1 +1 |x| n! 50\\% \\pi \\theta \\text{ cm}""".split()
SPACES = [" ", " ", " ", " ", " ", " ", "  ", "   ", "    ", "        ", "\n", "\n", "\n\n", "\n\n\n", " \n", "\n ", "\t", "\t\t", "\r\n", "\r", "\r\n\r\n", "  \n  ", "\u00a0", "\u0085",
          "\u1680", "\u180e", "\u2002", "\u2003", "\u2009", "\u200a", "\u200b", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\u3000\u3000", "\v", "\f", "\x1c", "\x1f", "\0", "\x7f", "\x1b[0m"]


class Draw:
    """splitmix64"""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        return (z ^ z >> 31) % n


def synthetic(line):
    draw = Draw(line)
    text = ""
    for _ in range(1 + draw.below(30)):
        kind = draw.below(16)
        if kind < 7:
            text += FRAGMENTS[draw.below(len(FRAGMENTS))]
        elif kind < 12:
            text += SPACES[draw.below(len(SPACES))]
        elif kind == 12:  # any character at all
            code = draw.below(0x110000)
            text += chr(0xFFFD if 0xD800 <= code < 0xE000 else code)
        elif kind == 13:  # of the scripts in use
            text += chr(draw.below(0x3100))
        else:
            text += "".join(chr(32 + draw.below(95)) for _ in range(1 + draw.below(8)))
    return text


def real(data):
    for file, keys in [("gsm8k_test.jsonl.gz", ["question", "answer"]), ("HumanEval.jsonl.gz", ["prompt", "canonical_solution"]),
                       ("math500.jsonl.gz", ["problem", "solution"])]:
        for row in map(json.loads, gzip.open(os.path.join(data, file), "rt")):
            for key in keys:
                yield row[key]


def fnv(parts):
    h = 0xCBF29CE484222325
    for part in parts:
        for byte in part + b"\xff":
            h = ((h ^ byte) * 0x100000001B3) & MASK
    return (h ^ h >> 16 ^ h >> 32 ^ h >> 48) & 0xFFFF


def golden(name, recipe, tokenizer, lines):
    packed = lambda ids: struct.pack(f"<{len(ids)}i", *ids)
    encodings = []
    for as_text in (False, True):
        tokenizer.encode_special_tokens = as_text
        encodings.append([e.ids for e in tokenizer.encode_batch(lines, add_special_tokens=False)])
    with open(os.path.join(OUT, name + ".bin"), "wb") as f:
        for ids, as_text in zip(*encodings):
            f.write(struct.pack("<H", fnv([packed(ids), packed(as_text), tokenizer.decode(ids, skip_special_tokens=False).encode(),
                                           tokenizer.decode(ids, skip_special_tokens=True).encode()])))
    with open(os.path.join(OUT, name + ".json"), "w") as f:
        json.dump(recipe, f, indent=1, ensure_ascii=False)
        f.write("\n")
    print(name, len(lines), flush=True)


def token(id, content, special=True, **flags):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": special} | flags


def whole(model, pre_tokenizer, decoder, added, normalizer=None):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": normalizer, "pre_tokenizer": pre_tokenizer,
            "post_processor": None, "decoder": decoder,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                      "fuse_unk": False, "byte_fallback": False, "ignore_merges": False} | model}


BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
MARK = "\u2581"
REPLACE = lambda a, b: {"type": "Replace", "pattern": {"String": a}, "content": b}
SEQUENCE = lambda key, members: {"type": "Sequence", key: members}


def chain(data, family):
    """The pre_tokenizer of pretokenizers.json."""
    members = []
    for step in json.load(open(os.path.join(data, "vocab/pretokenizers.json")))[family]["chain"]:
        if step["type"] == "Split":
            members.append({"type": "Split", "pattern": {"Regex": step["regex"]}, "behavior": "Isolated", "invert": False})
        elif step["type"] == "Digits":
            members.append({"type": "Digits", "individual_digits": True})
        else:
            members.append(BYTE_LEVEL | {"use_regex": step["use_regex"]})
    return SEQUENCE("pretokenizers", members)


def with_model(tokenizer, vocab, merges):
    return Tokenizer.from_str(json.dumps(tokenizer | {"model": tokenizer["model"] | {"vocab": vocab, "merges": merges}}))


def from_gguf(data, name):
    fields = gguf.GGUFReader(os.path.join(data, f"vocab/ggml-vocab-{name}.gguf")).fields
    get = lambda key: fields["tokenizer.ggml." + key].contents()
    rows = [(id, text, kind) for id, (text, kind) in enumerate(zip(get("tokens"), get("token_type"))) if not text.startswith("[PAD")]
    if name == "llama-spm":  # the legacy form of transformers' converter
        vocab = {text: id for id, text, _ in rows}
        scores = {text: score for (_, text, kind), score in zip(rows, get("scores")) if kind == 1}
        merges = [list(m) for m in generate_merges(scores and {t: vocab[t] for t in scores}, scores)]
        t = whole({"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True}, None,
                  SEQUENCE("decoders", [REPLACE(MARK, " "), {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]),
                  [token(i, c) for i, c in enumerate(["<unk>", "<s>", "</s>"])],
                  SEQUENCE("normalizers", [{"type": "Prepend", "prepend": MARK}, REPLACE(" ", MARK)]))
        return with_model(t, vocab, merges)
    family = {"starcoder": "smollm"}.get(name, name)
    vocab = {text: id for id, text, kind in rows if kind == 1 or id < 100}
    added = [token(id, text, kind == 3) for id, text, kind in rows if kind in (3, 4)]
    return with_model(whole({}, chain(data, family), BYTE_LEVEL, added), vocab, [m.split(" ") for m in get("merges")])


def small_vocabulary(lines):
    """Specials, bytes, then what a trainer finds in spaced text."""
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.Sequence([normalizers.Prepend(MARK), normalizers.Replace(" ", MARK)])
    t.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=900, min_frequency=2, limit_alphabet=300, max_token_length=12, show_progress=False))
    model = json.loads(t.to_str())["model"]
    first = ["<pad>", "<eos>", "<bos>", "<unk>"] + [f"<0x{b:02X}>" for b in range(256)] + ["\n\n", "<start_of_turn>", "<unused0>"]
    for mark_run in range(2, 6):  # as Gemma has them
        if MARK * mark_run not in model["vocab"]:
            model["vocab"][MARK * mark_run] = len(model["vocab"])
            model["merges"].append([MARK * (mark_run - 1), MARK])
    order = first + [x for x, _ in sorted(model["vocab"].items(), key=lambda kv: kv[1]) if x not in first]
    return {text: id for id, text in enumerate(order)}, model["merges"]


def small_families():
    added = [token(i, c) for i, c in enumerate(["<pad>", "<eos>", "<bos>", "<unk>"])] + [
        token(260, "\n\n", False), token(261, "<start_of_turn>"), token(262, "<unused0>", False)]
    fallback = {"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True}
    plain = SEQUENCE("decoders", [REPLACE(MARK, " "), {"type": "ByteFallback"}, {"type": "Fuse"}])
    stripped = SEQUENCE("decoders", [REPLACE(MARK, " "), {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}])
    mark = lambda scheme, split: {"type": "Metaspace", "replacement": MARK, "prepend_scheme": scheme, "split": split}
    old_mark = {"type": "Metaspace", "replacement": MARK, "add_prefix_space": True}
    split = lambda behavior, pattern, invert=False: {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}
    yield "gemma", whole(fallback, split("MergedWithPrevious", {"String": " "}), plain, added, REPLACE(" ", MARK))
    yield "llama2_new", whole(fallback, mark("first", False), stripped, added)
    yield "llama2_old", whole(fallback, None, stripped, added, SEQUENCE("normalizers", [{"type": "Prepend", "prepend": MARK}, REPLACE(" ", MARK)]))
    yield "metaspace", whole({"unk_token": "<unk>"}, mark("always", True), mark("always", True), added)
    yield "metaspace_old", whole({"unk_token": "<unk>", "fuse_unk": True}, old_mark, old_mark, [
        token(0, "<pad>", rstrip=True), token(1, "<eos>", lstrip=True), token(260, "\n\n", False), token(261, "<start_of_turn>", lstrip=True, rstrip=True),
        token(262, "<unused0>", False, single_word=True)])
    yield "metaspace_never", whole(fallback, mark("never", True), mark("never", True), added, {"type": "NFC"})
    for i, (behavior, invert) in enumerate([("Removed", False), ("Contiguous", False), ("MergedWithNext", False), ("MergedWithPrevious", True), ("Removed", True)]):
        yield f"split_{i}", whole(fallback, SEQUENCE("pretokenizers", [split(behavior, {"Regex": r"[\s\d]|[aeiou]{2}"}, invert), mark("first", True)]), plain, added)


def main(data):
    os.makedirs(OUT, exist_ok=True)
    with open(os.path.join(OUT, "fragments.json"), "w") as f:
        json.dump({"fragments": FRAGMENTS, "spaces": SPACES}, f, ensure_ascii=True)
        f.write("\n")
    lines = [synthetic(i) for i in range(SYNTHETIC)]
    lines += real(data)
    vocab = os.path.join(data, "vocab")
    for name in ["deepseek_v3", "qwen3"]:
        golden(name, {"folder": name}, Tokenizer.from_str(gzip.open(os.path.join(vocab, name, "tokenizer.json.gz"), "rt").read()), lines)
    for name in ["gpt-2", "starcoder", "deepseek-llm", "deepseek-coder", "llama-spm"]:
        golden(name, {"gguf": f"ggml-vocab-{name}.gguf"}, from_gguf(data, name), lines)

    vocab_file, merges_file = "qwen2/vocab.json", "qwen2/merges.txt"
    for name, model, normalizer, special in [
            ("qwen2", {}, {"type": "NFC"}, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]),
            ("llama-bpe", {"ignore_merges": True}, None,  # Llama 3's components; the vocabulary is Qwen's
             ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"])]:
        words = json.load(open(os.path.join(vocab, vocab_file)))
        words = {w: i for w, i in words.items() if w not in special}
        merges = [m for m in open(os.path.join(vocab, merges_file), newline="\n").read().split("\n") if m and not m.startswith("#version")]
        added = [token(len(words) + i, c) for i, c in enumerate(special)]
        t = whole(model, chain(data, name), BYTE_LEVEL, added, normalizer)
        golden(name, {"vocab": vocab_file, "merges": merges_file, "tokenizer": t}, with_model(t, words, [m.split(" ") for m in merges]), lines)

    words, merges = small_vocabulary(lines[:2000] + lines[SYNTHETIC:SYNTHETIC + 400])
    with open(os.path.join(OUT, "small_vocab.json"), "w") as f:
        json.dump({"vocab": words, "merges": merges}, f, ensure_ascii=True, separators=(",", ":"))
        f.write("\n")
    for name, t in small_families():
        golden(name, {"small": True, "tokenizer": t}, with_model(t, words, merges), lines)


if __name__ == "__main__":
    main(sys.argv[1])
