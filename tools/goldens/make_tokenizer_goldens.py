#!/usr/bin/env python3
"""Ids and decoded text of PyPI `tokenizers` for tests/model/tokenizer_test.cc.

  make_tokenizer_goldens.py        writes tests/golden/model/tokenizer/

bpe_gpt2, bpe_splits: small byte-level BPE tokenizers trained here, with added tokens of every flag; tokenizer.json and
cases.json each. characters, bytes: cases of the built-in tokenizers, which the library is given as a vocabulary.
"""
import json
import os
import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

OUT = os.path.join(os.path.dirname(__file__), "../../tests/golden/model/tokenizer")
CORPUS = [
    "The quick brown fox jumps over the lazy dog. It's a dog's life, they'll say, isn't it?",
    "let x = (1234567 + 89) * 3.14; // a comment\n\tif (x > 0) { return x; }\r\n",
    "Führer naïve café Straße größer ñandú",
    "東京は日本の首都です。 ひらがなとカタカナ",
    "<think>3+2+0=05,0+2+0=02</think><answer>1025</answer>",
    "the then there these those than that this think thinking thought",
] * 4
TEXTS = CORPUS[:6] + [
    "", " ", "  ", "\n", " \n ", "a", "I'll I'LL don't they've we'd 's 't", "x  y   z    ", "tabs\t\tand\n\n\nlines\r\n",
    "1 12 123 1234 12345 1234567 ½ Ⅷ ٣٤٥", "nbsp\u00a0here\u00a0\u00a0 and\u0085nel\u180emvs\u3000wide\u2003em",
    "e\u0301 combining a\u0300b", "🙂 👩\u200d👩\u200d👧 flags 🇩🇪!", ".method _x --y ...z $5.00 50% #tag @me", "日本語123abc漢字ﾊﾝｶｸ",
    "<|user|>603+422<|assistant|><|eos|>", "<|eos|><|eos|> <|eos|>x", "<pad><pad>", "strip  <L>  me", "strip  <R>  me", "a<L>b<R>c",
    "word whole wholesome unwhole whole, WHOLE", "Führer ü übung", "<|eos|", "\u0000\u0001\u007f", "long " * 40,
]


def texts():
    draw = random.Random(5)
    pool = "abcdeÀéß 019+-=<>|.,'\"\n\t\r 　日本語かな\u00a0\u0301🙂_/ sSdDlL"
    return TEXTS + ["".join(draw.choice(pool) for _ in range(draw.randrange(1, 60))) for _ in range(150)]


def write(name, tokenizer, cases, keep_json=True):
    folder = os.path.join(OUT, name)
    os.makedirs(folder, exist_ok=True)
    rows = []
    for text in cases:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        rows.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False),
                     "plain": tokenizer.decode(ids, skip_special_tokens=True)})
    draw = random.Random(6)  # ids in any order: broken UTF-8, unknown ids
    size = tokenizer.get_vocab_size()
    broken = [[draw.randrange(size) for _ in range(12)] for _ in range(60)]
    with open(os.path.join(folder, "cases.json"), "w") as f:
        lines = lambda rows: ",\n".join(json.dumps(r) for r in rows)
        decode = [{"ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False)} for ids in broken]
        f.write('{"encode": [\n' + lines(rows) + '\n],\n"decode": [\n' + lines(decode) + "\n]}\n")
    if keep_json:
        tokenizer.save(os.path.join(folder, "tokenizer.json"), pretty=False)


def trained(pre_tokenizer, vocab_size):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizer
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=["<|eos|>", "<pad>"], show_progress=False,
                                                      initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    t.add_special_tokens([AddedToken("<|user|>", special=True, normalized=False)])
    t.add_tokens([AddedToken("<L>", lstrip=True, normalized=False), AddedToken("<R>", rstrip=True, normalized=False),
                  AddedToken("whole", single_word=True, normalized=False), AddedToken("ü", normalized=True),
                  AddedToken("<|assistant|>", special=False, normalized=False)])
    return t


def plain(specials, alphabet):
    spelled = dict(zip(bytes_in_order(), spelling()))
    vocab = {s: i for i, s in enumerate(specials)}
    for b in alphabet:
        vocab[spelled[b]] = len(vocab)
    t = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)  # with no merges it changes nothing
    t.decoder = decoders.ByteLevel()
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in specials])
    return t


def bytes_in_order():
    return list(range(256))


def spelling():
    keep = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    rest = iter(range(256, 512))
    return [chr(b) if b in keep else chr(next(rest)) for b in range(256)]


SPECIALS = ["<pad>", "<|user|>", "<|assistant|>", "<think>", "</think>", "<answer>", "</answer>", "<|eos|>"]
CHARACTERS = "0123456789+-*/=,() .abcdefghijklmnopqrstuvwxyz?:"

if __name__ == "__main__":
    split = lambda pattern: pre_tokenizers.Split(Regex(pattern), "isolated")
    write("bpe_gpt2", trained(pre_tokenizers.ByteLevel(add_prefix_space=False), 420), texts())
    write("bpe_splits", trained(pre_tokenizers.Sequence([
        split(r"\p{N}{1,3}"), split("[一-龥぀-ゟ゠-ヿ]+"),
        split(r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"),
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]), 420), texts())
    allowed = set(CHARACTERS)
    draw = random.Random(7)
    lines = ["<|user|>603+422<|assistant|><think>3+2+0=05,0+2+0=02,6+4+0=10</think><answer>1025</answer><|eos|>", "", " ", "a  b",
             "<pad><|eos|>", "(thinking) a/b*c = ?: .,-"] + ["".join(draw.choice(CHARACTERS) for _ in range(20)) for _ in range(20)]
    assert all(c in allowed or "<" in line for line in lines for c in line)
    write("characters", plain(SPECIALS, [ord(c) for c in CHARACTERS]), lines, keep_json=False)
    write("bytes", plain(SPECIALS, range(256)), texts(), keep_json=False)
