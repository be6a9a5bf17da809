"""Golden values of the attention layers, in float64.

    /usr/bin/python3 layers/testdata/attention.py

writes attention_CASE.npz, where CASE begins with the layer: dot and concat
(Attention), additive (AdditiveAttention), heads (MultiHeadAttention). The
layers are written out here from their equations, as Keras has them, and
differentiated by PyTorch. Those of dot products, with one head and with several,
are first held to PyTorch's scaled_dot_product_attention, and the multi-head ones
to its nn.MultiheadAttention wherever that has the same. Of concat and additive
there is no other implementation to be had: what is compared are these equations,
written twice.

Keras' meaning of masks: in Attention and AdditiveAttention those of query and
value count, a masked score loses 1e9 before the softmax, and a masked query
gives zeros; the weights of a masked query mean nothing, and are 0 here. In
MultiHeadAttention those of query, value and key, a mask of pairs and the causal
one are joined by "and"; the masked weights are 0, also where no other is left.

Nothing that can be generated is stored. With uniform of golden.py (Uniform of
graphtest in Go) and the seed s of the file:

    query     uniform(s,     [B, T, DQ], 2)
    value     uniform(s + 1, [B, S, DV], 2); the query where self is 1
    key       uniform(s + 2, [B, S, DK], 2); the value where given is 0
    the weights, in the order of the keys "grad_..." below
              uniform(s + 3, ...), uniform(s + 4, ...) and so on, scale 1
    weights of the loss  r_output uniform(s + 20, its shape, 1),
                         r_scores uniform(s + 21, [B, T, S] or [B, H, T, S], 1)

    loss = sum(output * r_output) + sum(scores * r_scores)

Keys: sizes [B, T, S, DQ, DV, DK], seed, self, given; perhaps query_mask,
value_mask, key_mask, attention_mask; output, scores (the weights after the
softmax); and the gradients of the loss: grad_query, grad_value, grad_key where
those are inputs of their own, and of the weights: grad_scale,
grad_concat_score_weight; grad_query_kernel, grad_query_bias, and the same of
key, value and attention_output.
"""
import os
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../graph/graphtest/testdata"))
import golden

QUERY_MASK = [[1, 1, 0], [1, 1, 1]]
VALUE_MASK = [[1, 1, 0, 0], [1, 1, 1, 1]]
KEY_MASK = [[1, 0, 1, 1], [1, 1, 1, 0]]
PAIRS = [[[1, 0, 1, 1], [0, 1, 0, 0], [1, 1, 1, 1]], [[1, 1, 0, 0], [0, 0, 0, 1], [0, 1, 1, 0]]]
SIZES = dict(B=2, T=3, S=4, DQ=5, DV=2, DK=5)
SELF = dict(B=2, T=3, S=3, DQ=4, DV=4, DK=4, itself=True)

CASES = {
    "dot": dict(SIZES),
    "dot_scale": dict(SIZES, scale=True),
    "dot_self": dict(SELF),
    "dot_value": dict(SIZES, DV=5, given=False),
    "dot_causal": dict(SIZES, causal=True),
    "dot_masks": dict(SIZES, query_mask=QUERY_MASK, value_mask=VALUE_MASK, key_mask=KEY_MASK),
    "dot_all": dict(SELF, scale=True, causal=True, query_mask=QUERY_MASK),
    "concat": dict(SIZES),
    "concat_all": dict(SIZES, scale=True, causal=True, query_mask=QUERY_MASK, value_mask=VALUE_MASK),
    "additive": dict(SIZES),
    "additive_plain": dict(SELF, scale=False),
    "additive_all": dict(SIZES, causal=True, query_mask=QUERY_MASK, value_mask=VALUE_MASK),
    "heads": dict(SIZES, H=2, K=3),
    "heads_one": dict(SELF, H=1, K=1),
    "heads_self": dict(SELF, H=2, K=2),
    "heads_same": dict(SIZES, DQ=6, DV=3, DK=4, H=2, K=3),
    "heads_value": dict(SIZES, DV=6, given=False, H=3, K=2, V=4),
    "heads_no_bias": dict(SIZES, H=2, K=3, bias=False),
    "heads_output": dict(SIZES, H=2, K=3, output=(2, 3)),
    "heads_causal": dict(SIZES, DQ=6, H=2, K=3, causal=True),
    "heads_masks": dict(SIZES, DQ=6, H=2, K=3, query_mask=QUERY_MASK, value_mask=VALUE_MASK, key_mask=KEY_MASK),
    "heads_pairs": dict(SIZES, DQ=6, H=2, K=3, attention_mask=PAIRS),
    "heads_all": dict(SIZES, H=2, K=3, V=4, output=(3,), causal=True, query_mask=QUERY_MASK,
                      value_mask=VALUE_MASK, key_mask=KEY_MASK, attention_mask=PAIRS),
    "heads_masked_self": dict(SELF, H=2, K=2, causal=True, query_mask=QUERY_MASK),
}


class Case:
    def __init__(self, name, number, B, T, S, DQ, DV, DK, itself=False, given=True, scale=None, causal=False,
                 H=0, K=0, V=None, bias=True, output=None, **masks):
        self.kind, self.seed, self.causal = name.split("_")[0], 100 * number, causal
        self.H, self.K, self.V, self.bias, self.output = H, K, V or K, bias, output or (DQ,)
        self.masks = {n: torch.tensor(m, dtype=torch.bool) for n, m in masks.items()}
        self.draws = 3
        self.leaves = {"query": self.draw(0, (B, T, DQ), 2)}
        if not itself:
            self.leaves["value"] = self.draw(1, (B, S, DV), 2)
            if given:
                self.leaves["key"] = self.draw(2, (B, S, DK), 2)
        self.query = self.leaves["query"]
        self.value = self.leaves.get("value", self.query)
        self.key = self.leaves.get("key", self.value)
        if self.kind == "heads":
            h, k, v = self.H, self.K, self.V
            shapes = {"query": (self.query.shape[2], h, k), "key": (self.key.shape[2], h, k),
                      "value": (self.value.shape[2], h, v), "attention_output": (h, v, *self.output)}
            for n, s in shapes.items():
                self.weight(n + "_kernel", s)
                if bias:
                    self.weight(n + "_bias", s[2:] if n == "attention_output" else s[1:])
        else:
            if scale if scale is not None else self.kind == "additive":
                self.weight("scale", (DQ,) if self.kind == "additive" else ())
            if self.kind == "concat":
                self.weight("concat_score_weight", ())
        if itself and "query_mask" in self.masks:
            self.masks["value_mask"] = self.masks["query_mask"]
        self.about = dict(sizes=[B, T, S, DQ, DV, DK], seed=self.seed, self=int(itself), given=int(given), **masks)

    def draw(self, k, shape, scale):
        return torch.from_numpy(golden.uniform(self.seed + k, shape, scale)).requires_grad_()

    def weight(self, name, shape):
        self.leaves[name] = self.draw(self.draws, shape, 1)
        self.draws += 1

    def run(self):
        return self.heads() if self.kind == "heads" else self.plain()

    def plain(self):
        """Keras' Attention and AdditiveAttention."""
        scale = self.leaves.get("scale", torch.ones((), dtype=torch.float64))
        pairs = self.query[:, :, None, :] + self.key[:, None, :, :]
        if self.kind == "dot":
            scores = self.query @ self.key.transpose(1, 2) * scale
        elif self.kind == "concat":
            scores = self.leaves["concat_score_weight"] * torch.tanh(scale * pairs).sum(-1)
        else:
            scores = (scale * torch.tanh(pairs)).sum(-1)
        weights = torch.softmax(torch.where(self.allowed(), scores, scores - 1e9), -1)
        output = weights @ self.value
        if "query_mask" in self.masks:
            queries = self.masks["query_mask"][:, :, None]
            output = torch.where(queries, output, torch.zeros_like(output))
            weights = torch.where(queries, weights, torch.zeros_like(weights))
        return output, weights

    def allowed(self):
        """Which scores are not masked, [B, T, S]; of heads, Keras' _compute_attention_mask."""
        m = self.masks if self.kind == "heads" else {n: m for n, m in self.masks.items() if n == "value_mask"}
        out = torch.ones(self.query.shape[0], self.query.shape[1], self.value.shape[1], dtype=torch.bool)
        if "query_mask" in m:
            out &= m["query_mask"][:, :, None]
        for name in ("value_mask", "key_mask"):
            if name in m:
                out &= m[name][:, None, :]
        if self.causal:
            out &= torch.ones_like(out).tril()
        if "attention_mask" in m:
            out &= m["attention_mask"]
        return out

    def heads(self):
        """Keras' MultiHeadAttention."""
        def project(name, x, n):
            y = torch.tensordot(x, self.leaves[name + "_kernel"], n)
            return y + self.leaves[name + "_bias"] if self.bias else y

        q, k, v = (project(n, getattr(self, n), 1) for n in ("query", "key", "value"))
        scores = torch.einsum("bthk,bshk->bhts", q / self.K**0.5, k)
        allowed = self.allowed()[:, None]
        weights = torch.softmax(torch.where(allowed, scores, torch.full_like(scores, -1e9)), -1)
        weights = torch.where(allowed, weights, torch.zeros_like(weights))
        return project("attention_output", torch.einsum("bhts,bshv->bthv", weights, v), 2), weights

    def products(self):
        """The same by PyTorch's scaled_dot_product_attention, which divides by the root of the size."""
        def attend(q, k, v, allowed):
            return F._scaled_dot_product_attention(q, k, v, allowed, need_attn_weights=True)

        if self.kind == "dot":
            scale = self.leaves.get("scale", 1.0) * self.query.shape[2] ** 0.5
            return attend(scale * self.query, self.key, self.value, self.allowed())

        def project(name, x, over):
            kernel, bias = self.leaves[name + "_kernel"], self.leaves.get(name + "_bias")
            matrix = kernel.flatten(0, over - 1).flatten(1)
            y = F.linear(x, matrix.T, bias.flatten() if self.bias else None)
            return y.unflatten(-1, kernel.shape[over:])

        q, k, v = (project(n, getattr(self, n), 1).transpose(1, 2) for n in ("query", "key", "value"))
        y, weights = attend(q, k, v, self.allowed()[:, None].expand(-1, self.H, -1, -1))
        return project("attention_output", y.transpose(1, 2).flatten(2), 2), weights

    def module(self):
        """The same by PyTorch's nn.MultiheadAttention, or None where that cannot."""
        if self.kind != "heads" or self.V != self.K or self.H * self.K != self.query.shape[2] or len(self.output) > 1:
            return None
        E = self.H * self.K
        own = torch.nn.MultiheadAttention(E, self.H, bias=self.bias, batch_first=True, dtype=torch.float64,
                                          kdim=self.key.shape[2], vdim=self.value.shape[2])
        w = {n: t.detach() for n, t in self.leaves.items()}
        matrix = lambda n: w[n + "_kernel"].reshape(-1, E).T
        if own._qkv_same_embed_dim:
            own.in_proj_weight.copy_(torch.cat([matrix(n) for n in ("query", "key", "value")]))
        else:
            own.q_proj_weight.copy_(matrix("query"))
            own.k_proj_weight.copy_(matrix("key"))
            own.v_proj_weight.copy_(matrix("value"))
        own.out_proj.weight.copy_(w["attention_output_kernel"].reshape(E, E).T)
        own.in_proj_bias.copy_(torch.cat([w[n + "_bias"].reshape(-1) for n in ("query", "key", "value")]))
        own.out_proj.bias.copy_(w["attention_output_bias"])
        return own(self.query, self.key, self.value, average_attn_weights=False,
                   attn_mask=~self.allowed().repeat_interleave(self.H, 0))

    @torch.no_grad()
    def check(self):
        """Holds dot products to PyTorch's, for the queries that may look at something."""
        if self.kind not in ("dot", "heads"):
            return []
        some = self.allowed().any(-1)
        if "query_mask" in self.masks:
            some &= self.masks["query_mask"]
        ours, checked = self.run(), []
        for f in (self.products, self.module):
            theirs = f()
            if theirs is not None:
                assert torch.allclose(theirs[0][some], ours[0][some], rtol=0, atol=1e-13)
                weights = [w.movedim(-2, 1)[some] for w in (theirs[1], ours[1])]
                assert torch.allclose(*weights, rtol=0, atol=1e-13)
                checked.append(f.__name__)
        return checked


def main():
    torch.set_num_threads(1)
    checked = []
    for number, (name, config) in enumerate(CASES.items(), 1):
        case = Case(name, number, **config)
        checked += case.check()
        output, scores = case.run()
        r_output = torch.from_numpy(golden.uniform(case.seed + 20, output.shape, 1.0))
        r_scores = torch.from_numpy(golden.uniform(case.seed + 21, scores.shape, 1.0))
        ((output * r_output).sum() + (scores * r_scores).sum()).backward()
        found = dict(case.about, output=output, scores=scores)
        found.update({"grad_" + n: v.grad for n, v in case.leaves.items()})
        if "grad_key_bias" in found:  # a bias of all keys shifts all scores of a query, which changes nothing
            assert found["grad_key_bias"].abs().max() < 1e-13
            found["grad_key_bias"] *= 0
        golden.save(__file__, "attention_" + name, found)
    assert (checked.count("products"), checked.count("module")) == (19, 6), checked


if __name__ == "__main__":
    main()
