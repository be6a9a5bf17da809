"""Golden values of the networks, in float64.

    /usr/bin/python3 train/forecast/networks/testdata/networks.py

writes NAME.npz for each of the cases, a network that is computed here by PyTorch from the
equations of its paper, with what PyTorch has itself: LSTM, GRU, AvgPool1d, MaxPool1d,
interpolate.

Nothing that can be generated is stored. With uniform of golden.py (Uniform of graphtest
in Go):

    window  uniform(1, [BATCH, steps, past], 2)
    future  uniform(2, [BATCH, horizon, future], 2)
    static  uniform(3, [BATCH, static], 2)
    target  uniform(4, [BATCH, horizon·targets, outputs], 2)
    weights uniform(10, ...), uniform(11, ...) and so on, scale 0.5, in the order of their
            paths as sorted strings

    loss = mean((output − target)²)

Keys: task [steps, horizon, past, future, static, targets, outputs]; output; loss; and
grad:PATH, the gradient of the loss, for the path of each weight without the model's name.
"""
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../../../graph/graphtest/testdata"))
import golden

torch.set_default_dtype(torch.float64)
BATCH = 3


class Task:
    def __init__(self, steps, horizon, past, future, static, targets, outputs):
        self.__dict__.update(locals())
        self.all = [steps, horizon, past, future, static, targets, outputs]


def recurrent(module, x, w, units, initial=None):
    """Runs PyTorch's LSTM or GRU with weights in Engram's layout: kernel [features, gates·units],
    with the gates i, f, c, o (as PyTorch's) or z, r, h (PyTorch's: r, z, h)."""
    kernel, recurrent_kernel, bias = w
    zero = torch.zeros(1, x.shape[0], units)
    if module == "gru":
        swap = lambda m: torch.cat([m.chunk(3, -1)[i] for i in (1, 0, 2)], -1)
        given = [swap(kernel).T, swap(recurrent_kernel).T, swap(bias[0]), swap(bias[1])]
        return torch._VF.gru(x, zero if initial is None else initial, given, True, 1, 0.0, False, False, True)
    given = [kernel.T, recurrent_kernel.T, bias, torch.zeros_like(bias)]
    y, h, c = torch._VF.lstm(x, (zero, zero) if initial is None else initial, given, True, 1, 0.0, False, False, True)
    return y, (h, c)


def three(W, path):
    return W(path + "/kernel"), W(path + "/recurrent_kernel"), W(path + "/bias")


def history(t, window, static):
    if static is None:
        return window
    return torch.cat([window, static[:, None, :].expand(-1, t.steps, -1)], -1)


def head(t, W, state, future):
    y = state @ W("rows/kernel") + W("rows/bias")
    y = y.view(BATCH, t.horizon, t.targets * t.outputs)
    if future is not None:
        row = torch.cat([state[:, None, :].expand(-1, t.horizon, -1), future], -1)
        hidden = F.relu(row @ W("future_hidden/kernel") + W("future_hidden/bias"))
        y = y + hidden @ W("future_effect/kernel")
    return y.reshape(BATCH, t.horizon * t.targets, t.outputs)


def stacked(module, name, units, layers):
    def run(t, W, window, future, static):
        x = history(t, window, static)
        for i in range(layers):
            x, _ = recurrent(module, x, three(W, name if i == 0 else "%s_%d" % (name, i)), units)
        return head(t, W, x[:, -1], future)
    return run


def sequential(t, W, window, future, static):
    x = torch.tanh(history(t, window, static) @ W("dense/kernel") + W("dense/bias"))
    return head(t, W, x.flatten(1), future)


def encoder_decoder(units):
    def run(t, W, window, future, static):
        states, (h, c) = recurrent("lstm", history(t, window, static), three(W, "encoder"), units)
        rows = h[0][:, None, :] + W("positions/embeddings")[None]
        if future is not None:
            rows = torch.cat([rows, future], -1)
        d, _ = recurrent("lstm", rows, three(W, "decoder"), units, (h, c))
        scores = torch.softmax(torch.einsum("bju,bsu->bjs", d, states), -1)
        attended = torch.cat([torch.einsum("bjs,bsu->bju", scores, states), d], -1)
        y = torch.tanh(attended @ W("attended/kernel") + W("attended/bias"))
        y = y @ W("output/kernel") + W("output/bias")
        return y.reshape(BATCH, t.horizon * t.targets, t.outputs)
    return run


def add_linear(t, W, layer, y, window, future, static):
    """Adds the linear effect of all that is not a target to y, [batch, horizon, targets, outputs]."""
    if t.past > t.targets:
        y = y + (window[:, -1, t.targets:] @ W(layer + "/past_kernel")).view(y.shape)
    if future is not None:
        y = y + (future @ W(layer + "/future_kernel")).view(y.shape)
    if static is not None:
        y = y + (static @ W(layer + "/static_kernel")).view(y.shape)
    return y.reshape(BATCH, t.horizon * t.targets, t.outputs)


def dlinear(kernel):
    """Decomposition as in Zeng et al.: ends repeated, AvgPool1d, one linear layer for each part."""
    def run(t, W, window, future, static):
        x = window[:, :, :t.targets]
        half = (kernel - 1) // 2
        padded = torch.cat([x[:, :1].repeat(1, half, 1), x, x[:, -1:].repeat(1, half, 1)], 1)
        trend = nn.AvgPool1d(kernel, 1)(padded.permute(0, 2, 1)).permute(0, 2, 1)
        y = 0
        for name, part in ("season", x - trend), ("trend", trend):
            y = y + F.linear(part.permute(0, 2, 1), W("dlinear/%s_kernel" % name).T, W("dlinear/%s_bias" % name))
        y = y.view(BATCH, t.targets, t.horizon, t.outputs).permute(0, 2, 1, 3)
        return add_linear(t, W, "dlinear", y, window, future, static)
    return run


def segrnn(units, segment):
    """Lin et al. 2023, parallel multi-step forecasting: each segment to forecast is one step of
    the same GRU, from the last state of the window."""
    def run(t, W, window, future, static):
        w = lambda name: W("seg_rnn/" + name)
        weights = w("kernel"), w("recurrent_kernel"), w("bias")
        segments = -(-t.horizon // segment)
        y = []
        for i in range(t.targets):
            x = window[:, :, i]
            last = x[:, -1:]
            x = F.pad(x - last, (-t.steps % segment, 0))
            e = F.relu(x.reshape(BATCH, -1, segment) @ w("embedding_kernel") + w("embedding_bias"))
            _, h = recurrent("gru", e, weights, units)
            parts = []
            for j in range(segments):
                p = w("positions")[j]
                if t.targets > 1:
                    p = torch.cat([p, w("targets")[i]])
                _, h_j = recurrent("gru", p[None, None].expand(BATCH, 1, units), weights, units, h)
                part = h_j[0] @ w("output_kernel") + w("output_bias")
                parts.append(part.view(BATCH, segment, t.outputs))
            y.append(torch.cat(parts, 1)[:, :t.horizon] + F.pad(last[:, :, None], (0, t.outputs - 1)))
        return add_linear(t, W, "seg_rnn", torch.stack(y, 2), window, future, static)
    return run


def nhits(units, layers, pool, every, blocks):
    """Challu et al. 2023; the interpolation is that of nn.functional.interpolate."""
    def run(t, W, window, future, static):
        w = lambda name: W("nhits/" + name)
        others = [o.flatten(1) for o in (window[:, :, t.targets:] if t.past > t.targets else None, future, static) if o is not None]
        y = []
        for k in range(t.targets):
            x = window[:, :, k]
            total = torch.zeros(BATCH, t.outputs, t.horizon)
            stacks = [(p, e) for p, e in zip(pool, every) for _ in range(blocks)]
            for i, (p, e) in enumerate(stacks):
                h = nn.MaxPool1d(p, p, ceil_mode=True)(x[:, None, :])[:, 0]
                h = torch.cat([h] + others, 1)
                for j in range(layers):
                    h = F.relu(h @ w("hidden_%d_%d_kernel" % (i, j)) + w("hidden_%d_%d_bias" % (i, j)))
                f = h @ w("forecast_%d_kernel" % i) + w("forecast_%d_bias" % i)
                total = total + F.interpolate(f.view(BATCH, t.outputs, -1), size=t.horizon, mode="linear")
                if i < len(stacks) - 1:
                    b = h @ w("backcast_%d_kernel" % i) + w("backcast_%d_bias" % i)
                    x = x - F.interpolate(b[:, None, :], size=t.steps, mode="linear")[:, 0]
            y.append(total.permute(0, 2, 1))
        return torch.stack(y, 2).reshape(BATCH, t.horizon * t.targets, t.outputs)
    return run


def lstm_weights(path, features, units):
    return {path + "/kernel": (features, 4 * units), path + "/recurrent_kernel": (units, 4 * units), path + "/bias": (4 * units,)}


def gru_weights(path, features, units):
    return {path + "/kernel": (features, 3 * units), path + "/recurrent_kernel": (units, 3 * units), path + "/bias": (2, 3 * units)}


def dense_weights(path, features, units):
    return {path + "/kernel": (features, units), path + "/bias": (units,)}


def head_weights(t, n, units):
    out = dense_weights("rows", n, t.horizon * t.targets * t.outputs)
    if t.future:
        out.update(dense_weights("future_hidden", n + t.future, units))
        out["future_effect/kernel"] = (units, t.targets * t.outputs)
    return out


def linear_weights(t, layer):
    out, rows = {}, t.horizon * t.targets * t.outputs
    if t.past > t.targets:
        out[layer + "/past_kernel"] = (t.past - t.targets, rows)
    if t.future:
        out[layer + "/future_kernel"] = (t.future, t.targets * t.outputs)
    if t.static:
        out[layer + "/static_kernel"] = (t.static, rows)
    return out


def segrnn_weights(t, units, segment):
    m = -(-t.horizon // segment)
    half = units // 2 if t.targets > 1 else 0
    out = {"embedding_kernel": (segment, units), "embedding_bias": (units,), "kernel": (units, 3 * units), "recurrent_kernel": (units, 3 * units),
           "bias": (2, 3 * units), "positions": (m, units - half), "output_kernel": (units, segment * t.outputs), "output_bias": (segment * t.outputs,)}
    if half:
        out["targets"] = (t.targets, half)
    return dict({"seg_rnn/" + k: v for k, v in out.items()}, **linear_weights(t, "seg_rnn"))


def dlinear_weights(t):
    out = linear_weights(t, "dlinear")
    for part in "season", "trend":
        out["dlinear/%s_kernel" % part] = (t.steps, t.horizon * t.outputs)
        out["dlinear/%s_bias" % part] = (t.horizon * t.outputs,)
    return out


def nhits_weights(t, units, layers, pool, every, blocks):
    out = {}
    def dense(name, n, m):
        out["nhits/%s_kernel" % name], out["nhits/%s_bias" % name] = (n, m), (m,)
    others = t.steps * (t.past - t.targets) + t.horizon * t.future + t.static
    stacks = [(p, e) for p, e in zip(pool, every) for _ in range(blocks)]
    for i, (p, e) in enumerate(stacks):
        n = -(-t.steps // p) + others
        for j in range(layers):
            dense("hidden_%d_%d" % (i, j), n, units)
            n = units
        dense("forecast_%d" % i, n, t.outputs * -(-t.horizon // e))
        if i < len(stacks) - 1:
            dense("backcast_%d" % i, n, -(-t.steps // e))
    return out


PLAIN = Task(steps=8, horizon=6, past=2, future=0, static=0, targets=2, outputs=1)
FULL = Task(steps=7, horizon=5, past=4, future=2, static=3, targets=2, outputs=3)
ONE = Task(steps=6, horizon=4, past=1, future=1, static=0, targets=1, outputs=1)


def cases():
    for suffix, t in ("plain", PLAIN), ("full", FULL), ("one", ONE):
        n = t.past + t.static
        yield "lstm_" + suffix, t, stacked("lstm", "lstm", 4, 1), {**lstm_weights("lstm", n, 4), **head_weights(t, 4, 4)}
        yield ("gru_" + suffix, t, stacked("gru", "gru", 3, 2),
               {**gru_weights("gru", n, 3), **gru_weights("gru_1", 3, 3), **head_weights(t, 3, 3)})
        yield "sequential_" + suffix, t, sequential, {**dense_weights("dense", n, 2), **head_weights(t, 2 * t.steps, 50)}
        yield ("encoder_decoder_" + suffix, t, encoder_decoder(4),
               {**lstm_weights("encoder", n, 4), **lstm_weights("decoder", 4 + t.future, 4), "positions/embeddings": (t.horizon, 4),
                **dense_weights("attended", 8, 4), **dense_weights("output", 4, t.targets * t.outputs)})
        yield "dlinear_" + suffix, t, dlinear(5), dlinear_weights(t)
        yield "segrnn_" + suffix, t, segrnn(5, 3), segrnn_weights(t, 5, 3)
        yield "nhits_" + suffix, t, nhits(4, 2, [3, 1], [3, 1], 2), nhits_weights(t, 4, 2, [3, 1], [3, 1], 2)


def main():
    for name, t, network, shapes in cases():
        weights = {}
        for i, path in enumerate(sorted(shapes)):
            weights[path] = torch.tensor(golden.uniform(10 + i, shapes[path], 0.5), requires_grad=True)
        window = torch.tensor(golden.uniform(1, (BATCH, t.steps, t.past), 2))
        future = torch.tensor(golden.uniform(2, (BATCH, t.horizon, t.future), 2)) if t.future else None
        static = torch.tensor(golden.uniform(3, (BATCH, t.static), 2)) if t.static else None
        target = torch.tensor(golden.uniform(4, (BATCH, t.horizon * t.targets, t.outputs), 2))
        used = set()
        def W(path):
            used.add(path)
            return weights[path]
        y = network(t, W, window, future, static)
        assert used == set(weights), (name, set(weights) - used)
        loss = ((y - target) ** 2).mean()
        loss.backward()
        out = {"task": np.array(t.all), "output": y, "loss": loss}
        out.update({"grad:" + path: w.grad for path, w in weights.items()})
        golden.save(__file__, name, out)


main()
