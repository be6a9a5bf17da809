"""Writes text.json beside itself, by which the tests of package text are held to
other implementations of the same definitions, in plain Python, NumPy and PyTorch:

- "vectorize": the steps of Keras' TextVectorization and StringLookup (3.16), with the
  functions of TensorFlow that they call written out on bytes.
- "pad": Keras' pad_sequences in NumPy.
- "pieces", "bpe": byte-pair encoding that counts all pairs again for every merge, and
  joins the first learned pair of a word until there is none, as GPT-2's encoder does.
- "streams": batchify and get_batch of PyTorch's word language model.

Run it from the root of the project: /usr/bin/python3 datasets/text/testdata/text.py
(Python 3.11, NumPy 1.24, PyTorch 1.13)
"""
import collections
import json
import os
import random
import re
import unicodedata

import numpy as np
import torch

LINES = [
    "Shall I compare thee to a summer's day?",
    "Thou art more lovely and more temperate:",
    "Rough winds do shake the darling buds of May,",
    "And summer's lease hath all too short a date;",
    "Sometime too hot the eye of heaven shines,",
    "And often is his gold complexion dimm'd;",
    "And every fair from fair sometime declines,",
    "By chance, or nature's changing course, untrimm'd.",
]
ODD = ["", "  \t\n", "[UNK] [unk] UNK", "Ünïcode É ÉÉ naïve\u00a0blank", "a-b_c a.b\x0bc\x0cd", "日本 日本 語", "day DAY Day!", "!!! ???"]
INPUTS = ODD + LINES[:2] + ["something unseen"]


# Keras' TextVectorization

def standardize(text, how):
    text = text.encode()
    if how in ("lower", "lower_and_strip_punctuation"):
        text = text.lower()  # of bytes: ASCII alone, as tf.strings.lower
    if how in ("strip_punctuation", "lower_and_strip_punctuation"):
        text = re.sub(rb'[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']', b"", text)
    return text


def tokens(text, config):
    text = standardize(text, config.get("standardize", "lower_and_strip_punctuation"))
    how = config.get("split", "whitespace")
    if how == "whitespace":
        parts = text.split()  # of bytes: ASCII white space, as tf.strings.split
    elif how == "character":
        parts = [c.encode() for c in text.decode()]
    else:
        parts = [text]
    if "ngrams" not in config:
        return parts
    return [b" ".join(parts[i:i + n]) for n in config["ngrams"] for i in range(len(parts) - n + 1)]


def adapt(texts, config):
    counts, documents = collections.Counter(), collections.Counter()
    for text in texts:
        found = tokens(text, config)
        counts.update(found)
        documents.update(set(found))
    for reserved in (b"", b"[UNK]"):
        counts.pop(reserved, None)
    names = np.array(list(counts), dtype=object)
    order = np.lexsort((names, np.array(list(counts.values()))))[::-1]
    start = 2 if config.get("output_mode", "int") == "int" else 1
    if "max_tokens" in config:
        order = order[:config["max_tokens"] - start]
    names = list(names[order])
    idf = np.log(1 + len(texts) / (1 + np.array([documents[n] for n in names]))).astype(np.float32)
    idf = np.concatenate([np.full(start, idf.mean(), np.float32), idf])
    return [b"", b"[UNK]"][2 - start:] + names, idf


def vectorize(texts, vocabulary, idf, config):
    mode = config.get("output_mode", "int")
    start = 2 if mode == "int" else 1
    table = {t: i for i, t in enumerate(vocabulary) if i >= start}
    rows = []
    for text in texts:
        found = [t for t in tokens(text, config) if t != b"" or mode == "int"]
        rows.append([0 if t == b"" else table.get(t, start - 1) for t in found])
    if mode == "int":
        width = config.get("output_sequence_length") or max(map(len, rows))
        return [(r + [0] * width)[:width] for r in rows]
    out = np.zeros((len(rows), len(vocabulary)), np.float32)
    for i, row in enumerate(rows):
        for t in row:
            out[i, t] += 1
    if mode == "multi_hot":
        out = np.minimum(out, 1)
    if mode == "tf_idf":
        out = out * idf
    return out.tolist()


CONFIGS = [
    {},
    {"max_tokens": 12},
    {"max_tokens": 3},
    {"standardize": "lower"},
    {"standardize": "strip_punctuation", "output_sequence_length": 4},
    {"standardize": "none", "output_sequence_length": 20},
    {"split": "character", "standardize": "none"},
    {"split": "character", "output_sequence_length": 9},
    {"split": "none", "standardize": "lower"},
    {"ngrams": [1, 2]},
    {"ngrams": [3, 1], "split": "character", "max_tokens": 30},
    {"output_mode": "multi_hot", "max_tokens": 10},
    {"output_mode": "count", "max_tokens": 10, "ngrams": [2, 1]},
    {"output_mode": "count", "split": "none", "max_tokens": 8},
    {"output_mode": "tf_idf", "max_tokens": 14},
    {"output_mode": "tf_idf", "split": "character", "standardize": "none", "max_tokens": 9},
]


def vectorize_cases():
    for config in CONFIGS:
        vocabulary, idf = adapt(LINES + ODD, config)
        case = {"config": config, "vocabulary": [t.decode() for t in vocabulary],
                "output": vectorize(INPUTS, vocabulary, idf, config)}
        if config.get("output_mode") == "tf_idf":
            case["idf"] = idf.tolist()
        yield case


# Keras' pad_sequences

def pad(sequences, maxlen, padding, truncating, value):
    if not maxlen:
        maxlen = max(map(len, sequences))
    x = np.full((len(sequences), maxlen), value)
    for i, s in enumerate(sequences):
        if not len(s):
            continue
        trunc = s[-maxlen:] if truncating == "pre" else s[:maxlen]
        if padding == "post":
            x[i, :len(trunc)] = trunc
        else:
            x[i, -len(trunc):] = trunc
    return x.tolist()


def pad_cases():
    sequences = [[1], [2, 3], [], [4, 5, 6], [7, 8, 9, 10, 11]]
    for maxlen in (0, 1, 3, 8):
        for padding in ("pre", "post"):
            for truncating in ("pre", "post"):
                for value in (0, -1):
                    yield {"sequences": sequences, "length": maxlen, "padding": padding, "truncating": truncating,
                           "value": value, "output": pad(sequences, maxlen, padding, truncating, value)}


# Byte-pair encoding

SPACES = ("\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
          "\u2028\u2029\u202f\u205f\u3000")  # the property White_Space
# GPT-2's pattern, on a string that has a letter for each character, since re has no
# \p{L}: B for a blank, S for other white space, L for a letter, N for a number, O for others.
CLASSES = re.compile(r"B?L+|B?N+|B?O+|[BS]+(?![LNO])|[BS]+")
CONTRACTIONS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d")


def class_of(c):
    if c in SPACES:
        return "B" if c == " " else "S"
    category = unicodedata.category(c)[0]
    return category if category in "LN" else "O"


def pieces(text):
    classes = "".join(map(class_of, text))
    at, out = 0, []
    while at < len(text):
        m = CONTRACTIONS.match(text, at) or CLASSES.match(classes, at)
        out.append(text[at:m.end()])
        at = m.end()
    return out


def byte_characters():
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [b for b in range(256) if b not in plain]
    return {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(others)}


CHARACTERS = byte_characters()


def written(piece):
    return tuple(CHARACTERS[b] for b in piece.encode())


def join(word, pair):
    out, i = [], 0
    while i < len(word):
        if word[i:i + 2] == pair:
            out.append(word[i] + word[i + 1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return tuple(out)


def train(text, size, least):
    words = collections.Counter(written(p) for p in pieces(text))
    vocabulary = {c: i for i, c in enumerate(sorted(CHARACTERS.values()))}
    merges = []
    while len(vocabulary) < size:
        counts = collections.Counter()
        for word, n in words.items():
            for pair in zip(word, word[1:]):
                counts[pair] += n
        if not counts:
            break
        best = max(counts, key=lambda p: (counts[p], -vocabulary[p[0]], -vocabulary[p[1]]))
        if counts[best] < least:
            break
        merges.append(best)
        vocabulary[best[0] + best[1]] = len(vocabulary)
        words = collections.Counter({join(w, best): n for w, n in words.items()})
    return vocabulary, merges


def encode(text, vocabulary, merges):
    ranks = {m: i for i, m in enumerate(merges)}
    out = []
    for piece in pieces(text):
        word = written(piece)
        while len(word) > 1:
            best = min(zip(word, word[1:]), key=lambda p: ranks.get(p, len(merges)))
            if best not in ranks:
                break
            word = join(word, best)
        out += [vocabulary[t] for t in word]
    return out


def random_texts(n):
    random.seed(7)
    letters = "aaabbc  \n\t'sdtreé½1９日😀\u00a0\u0085\u0301.,!"
    return ["".join(random.choice(letters) for _ in range(random.randint(1, 40))) for _ in range(n)]


def bpe_cases():
    # The words of figure 1 of Sennrich, Haddow and Birch (2016), the poem, and noise.
    words = "low " * 5 + "lower " * 2 + "newest " * 6 + "widest " * 3
    poem = "\n".join(LINES)
    odd = "\n".join(random_texts(30)) + " aaaa aaaaa aaaaaa aaaaaaa" * 3
    for text, size, least in ((words, 266, 2), (poem, 300, 2), (poem, 1000, 1), (poem, 400, 4), (odd, 320, 2)):
        vocabulary, merges = train(text, size, least)
        tests = [text, "lowest newer wide\n", "  I'll don't 'twas WE'VE  ", " \u3000\u00a0x\u0085 ", "Σ日本 ١٢٣ ½", ""] + random_texts(12)
        yield {"text": text, "size": size, "least": least, "merges": [" ".join(m) for m in merges],
               "vocabulary": [t for t, _ in sorted(vocabulary.items(), key=lambda v: v[1])],
               "encode": [{"text": t, "tokens": encode(t, vocabulary, merges)} for t in tests]}


def piece_cases():
    for text in LINES + ODD + random_texts(60):
        yield {"text": text, "pieces": pieces(text)}


# Streams

def stream_cases():
    for n, streams, steps in ((26, 4, 2), (26, 4, 5), (100, 7, 3), (10, 1, 4), (12, 6, 1)):
        data = torch.arange(n)
        length = data.size(0) // streams
        source = data.narrow(0, 0, length * streams).view(streams, -1).t().contiguous()  # [length, streams]
        batches = []
        for i in range(0, source.size(0) - 1, steps):
            seq = min(steps, len(source) - 1 - i)
            if seq == steps:  # all windows have one length
                batches.append({"input": source[i:i + seq].t().tolist(), "target": source[i + 1:i + 1 + seq].t().tolist()})
        yield {"tokens": n, "streams": streams, "steps": steps, "batches": batches}


if __name__ == "__main__":
    out = {"texts": LINES + ODD, "inputs": INPUTS}
    for name, cases in (("vectorize", vectorize_cases()), ("pad", pad_cases()), ("pieces", piece_cases()),
                        ("bpe", bpe_cases()), ("streams", stream_cases())):
        out[name] = list(cases)
    with open(os.path.join(os.path.dirname(__file__), "text.json"), "w") as f:
        json.dump(out, f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")
