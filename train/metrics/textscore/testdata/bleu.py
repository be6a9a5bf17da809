"""Writes bleu.json: scores and tokens of sacrebleu, from its own source.

    git clone https://github.com/mjpost/sacrebleu /tmp/sacrebleu
    git -C /tmp/sacrebleu checkout f615c7286d4d813370efb824d94fc2bfcd3a6b94
    /usr/bin/python3 train/metrics/textscore/testdata/bleu.py /tmp/sacrebleu

Keys: "tokens", pairs of a text and its words by the tokenizer 13a; "corpora", each with
its references [text][reference], its texts and its scores.
"""

import json
import os
import random
import sys
from unittest import mock

sys.path.insert(0, sys.argv[1])
# What sacrebleu imports for other purposes: files, tables, colours, data sets.
for name in ["portalocker", "regex", "tabulate", "colorama", "lxml", "lxml.etree", "sacrebleu.version"]:
    sys.modules[name] = mock.MagicMock(__version__="f615c72")

from sacrebleu.metrics.bleu import BLEU  # noqa: E402
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a  # noqa: E402

random.seed(1)

WORDS = ["the", "The", "a", "cat", "Cat", "dog", "sat", "on", "mat", "is", "it's", "don't", "1,000.5", "3.14", "3.", ".5", "x,y", "U.S.",
         "well-known", "1990-2000", "end-", "(maybe)", "\"so\"", "&amp;", "&quot;hi&quot;", "&lt;b&gt;", "&amp;lt;", "<skipped>", "50%", "$5",
         "naïve", "Größe", "日本", "a/b", "e-mail@x.org", "[1]", "{x}", "~", "...", "!?", "_", "`q`", "A:B;C", "#1", "3.a", "2,b", "a+b=c", "x^2", "\\n"]
SPACES = [" ", " ", " ", "  ", "\t", "\u00a0", "\x1c"]


def text(rng, most):
    return "".join(w + rng.choice(SPACES) for w in rng.choices(WORDS, k=rng.randint(0, most)))


def changed(rng, t):
    words = t.split(" ")
    for _ in range(rng.randint(0, 3)):
        i = rng.randrange(len(words))
        action = rng.choice(["drop", "put", "swap"])
        if action == "drop" and len(words) > 1:
            del words[i]
        elif action == "put":
            words.insert(i, rng.choice(WORDS))
        else:
            words[i] = rng.choice(WORDS)
    return " ".join(words)


tokenizer = Tokenizer13a()
tokens = []
for _ in range(60):
    t = text(random, 12)
    if random.random() < 0.2:
        t = t.replace(" ", "-\n", 1).replace(" ", "\n", 1)
    tokens.append([t, tokenizer(t.rstrip()).split()])

CONFIGS = [{}, {"smooth_method": "none"}, {"smooth_method": "floor"}, {"smooth_method": "floor", "smooth_value": 0.01},
           {"smooth_method": "add-k"}, {"smooth_method": "add-k", "smooth_value": 0.5}, {"max_ngram_order": 2},
           {"max_ngram_order": 6}, {"lowercase": True}]
corpora = []
for i in range(12):
    texts = [text(random, 4 if i < 4 else 14) for _ in range(random.randint(1, 4))]
    count = random.randint(1, 3)
    references = [[changed(random, t) if random.random() < 0.8 else text(random, 14) for _ in range(count)] for t in texts]
    scores = []
    for config in CONFIGS:
        s = BLEU(**config).corpus_score(texts, [list(r) for r in zip(*references)])
        scores.append({"config": config, "score": s.score, "precisions": s.precisions, "bp": s.bp, "words": s.sys_len, "reference_words": s.ref_len})
    corpora.append({"references": references, "texts": texts, "scores": scores})

with open(os.path.join(os.path.dirname(__file__), "bleu.json"), "w") as f:
    f.write('{"tokens": [\n' + ",\n".join(json.dumps(t) for t in tokens) + '\n], "corpora": [\n' + ",\n".join(json.dumps(c) for c in corpora) + "\n]}\n")
