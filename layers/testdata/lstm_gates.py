"""Golden values of the LSTM's other gates, from the equations in float64.

    /usr/bin/python3 layers/testdata/lstm_gates.py

writes lstm_gates_NAME.npz for each case below: 4 steps, batch 2, 3 features, 5
units, nonzero initial states. The cell is written out from its equations and
differentiated by PyTorch; without any of the options it is held to PyTorch's LSTM
before anything is written.

    peepholes   i and f see c by weights of their own, and o the new c
    coupled     f = 1 - i; the columns of the weights are i, c and o
    layer_norm  x kernel and h recurrent_kernel are normalised over all gates and
                scaled, and so is c on its way to h, which is also shifted
    all         all of these, and no bias
    mask        all of these, backwards, under the mask of recurrent.py
    relu        all of these with the activation relu

Inputs, loss and keys are those of lstm.py, with 3U columns where the gates are
coupled. The weights that it has not follow, with their gradients grad_NAME:

    peephole_kernel  uniform(s + 9,  [gates - 1, U], 1)
    kernel_gamma     uniform(s + 10, [gates U], 2)
    recurrent_gamma  uniform(s + 11, [gates U], 2)
    state_gamma      uniform(s + 12, [U], 2)
    state_beta       uniform(s + 13, [U], 2)
"""
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
import lstm
from lstm import golden
from recurrent import MASK, relu

SIZES = T, B, D, U = 4, 2, 3, 5
SEED, RECURRENT_SCALE = 2100, 0.5
EPSILON = 1e-3


def inputs(peepholes=False, coupled=False, layer_norm=False, no_bias=False, **_):
    """What is read, by name and ready for gradients, and the loss's weights."""
    def draw(k, shape, scale):
        return torch.from_numpy(golden.uniform(SEED + k, shape, scale))

    gates = 3 if coupled else 4
    p = {
        "x": draw(0, (B, T, D), 2.0),
        "kernel": draw(1, (D, gates * U), 0.5),
        "recurrent_kernel": draw(2, (U, gates * U), RECURRENT_SCALE),
        "h0": draw(4, (B, U), 1.0),
        "c0": draw(5, (B, U), 1.0),
    }
    if not no_bias:
        p["bias"] = draw(3, (gates * U,), 0.5)
    if peepholes:
        p["peephole_kernel"] = draw(9, (gates - 1, U), 1.0)
    if layer_norm:
        p["kernel_gamma"] = draw(10, (gates * U,), 2.0)
        p["recurrent_gamma"] = draw(11, (gates * U,), 2.0)
        p["state_gamma"] = draw(12, (U,), 2.0)
        p["state_beta"] = draw(13, (U,), 2.0)
    weights = draw(6, (B, T, U), 1.0), draw(7, (B, U), 1.0), draw(8, (B, U), 1.0)
    return {n: v.requires_grad_() for n, v in p.items()}, weights


def step(p, x, h, c, peepholes=False, coupled=False, layer_norm=False, no_bias=False, activation=torch.tanh):
    xs, hs, seen = x @ p["kernel"], h @ p["recurrent_kernel"], lambda c: c
    if layer_norm:
        xs = F.layer_norm(xs, xs.shape[1:], p["kernel_gamma"], None, EPSILON)
        hs = F.layer_norm(hs, hs.shape[1:], p["recurrent_gamma"], None, EPSILON)
        seen = lambda c: F.layer_norm(c, c.shape[1:], p["state_gamma"], p["state_beta"], EPSILON)
    i, *f, g, o = (xs + hs + (0.0 if no_bias else p["bias"])).split(U, dim=1)
    w_i, *w_f, w_o = p["peephole_kernel"] if peepholes else torch.zeros(2 if coupled else 3, U, dtype=torch.float64)
    i = torch.sigmoid(i + w_i * c)
    f = 1 - i if coupled else torch.sigmoid(f[0] + w_f[0] * c)
    c = f * c + i * activation(g)
    o = torch.sigmoid(o + w_o * c)
    return o * activation(seen(c)), c


def run(p, go_backwards=False, mask=None, **options):
    """The LSTM step by step: output, h, c."""
    h, c, before = p["h0"], p["c0"], torch.zeros_like(p["h0"])
    outputs = []
    for t in reversed(range(T)) if go_backwards else range(T):
        m = torch.ones(B, 1, dtype=torch.bool) if mask is None else mask[:, t, None]
        h_new, c_new = step(p, p["x"][:, t], h, c, **options)
        h, c, before = torch.where(m, h_new, h), torch.where(m, c_new, c), torch.where(m, h_new, before)
        outputs.append(before)
    return torch.stack(outputs, dim=1), h, c


ALL = dict(peepholes=True, coupled=True, layer_norm=True, no_bias=True)
CASES = {
    "peepholes": dict(peepholes=True),
    "coupled": dict(coupled=True),
    "layer_norm": dict(layer_norm=True),
    "all": ALL,
    "mask": dict(ALL, mask=MASK, go_backwards=True),
    "relu": dict(ALL, activation=relu),
}


def main():
    torch.set_num_threads(1)
    ours, theirs = (lstm.results(*given, f(given[0])) for f, given in ((run, inputs()), (lstm.torch_lstm, inputs())))
    for key in theirs:
        assert torch.allclose(ours[key], theirs[key], rtol=0, atol=1e-13), key
    for name, options in CASES.items():
        p, weights = inputs(**options)
        found = lstm.results(p, weights, run(p, **options))
        found.update(sizes=SIZES, seed=SEED, recurrent_scale=RECURRENT_SCALE, initial=1)
        if "mask" in options:
            found["mask"] = options["mask"]
        golden.save(__file__, "lstm_gates_" + name, found)


if __name__ == "__main__":
    main()
