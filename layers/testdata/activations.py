"""Golden values and derivatives of the activations, from PyTorch in float64.

    /usr/bin/python3 layers/testdata/activations.py

writes activations.npz. Each activation is written out from its definition in
Keras and differentiated by PyTorch; where PyTorch has the function ready-made,
the two are held to each other, values and derivatives, before anything is
written.

Keys, elementwise: x [57], and for each NAME of the table NAME [57] and
NAME_grad [57], the derivative. Where the function has a corner or a jump
exactly at some x, NAME_corners lists those positions in x: any number between
the two one-sided derivatives is right there, and the file has the one of the
definition below. Parameters are Keras' defaults; threshold, which has none,
has threshold 1 and default_value -0.25. gelu is the exact one, gelu_tanh its
approximation; hard_sigmoid_v1 is the hard sigmoid of Keras before version 3.
exponential reaches 1e38, so hold it to a part of its largest entry or leave
out x > 20.

Keys over the last axis: matrix [5, 7] with softmax, log_softmax and sparsemax
[5, 7]; glu_matrix [5, 8] with glu [5, 4]. NAME_grad is the gradient of
sum(NAME * weights) to the matrix, with matrix_weights [5, 7] and glu_weights
[5, 4].
"""
import math
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../graph/graphtest/testdata"))
import golden

SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def where(condition, a, b):
    """torch.where that takes plain numbers for its branches too."""
    a, b = (v if torch.is_tensor(v) else torch.full(condition.shape, v, dtype=torch.float64) for v in (a, b))
    return torch.where(condition, a, b)


def sigmoid(x):
    e = torch.exp(where(x > 0, -x, x))  # no overflow on either side
    return where(x > 0, 1 / (1 + e), e / (1 + e))


def softplus(x):
    # log(1 + e^x) without overflow, on either side
    return where(x > 0, x, 0.0) + torch.log1p(torch.exp(where(x > 0, -x, x)))


def clip(x, low, high):
    return where(x <= low, low, where(x >= high, high, x))


def hard_sigmoid(x):
    return clip(x + 3, 0.0, 6.0) / 6


def hard_silu(x):
    return where(x <= -3, 0.0, where(x >= 3, x, x * (x + 3) / 6))


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


# name: definition, the x of its corners, PyTorch's own where there is one
ELEMENTWISE = {
    "linear": (lambda x: x * 1.0, [], None),
    "relu": (lambda x: where(x > 0, x, 0.0), [0], F.relu),
    "relu6": (lambda x: clip(x, 0.0, 6.0), [0, 6], F.relu6),
    "leaky_relu": (lambda x: where(x > 0, x, 0.2 * x), [0], lambda x: F.leaky_relu(x, 0.2)),
    "elu": (lambda x: where(x > 0, x, torch.expm1(x)), [], F.elu),
    "selu": (lambda x: SELU_SCALE * where(x > 0, x, SELU_ALPHA * torch.expm1(x)), [0], F.selu),
    "celu": (lambda x: where(x > 0, x, torch.expm1(x)), [], F.celu),
    "softplus": (softplus, [], F.softplus),
    "softsign": (lambda x: x / (1 + torch.abs(x)), [], F.softsign),
    "silu": (lambda x: x * sigmoid(x), [], F.silu),
    "gelu": (lambda x: 0.5 * x * (1 + torch.erf(x / math.sqrt(2))), [], F.gelu),
    "gelu_tanh": (gelu_tanh, [], lambda x: F.gelu(x, approximate="tanh")),
    "tanh": (lambda x: 2 * sigmoid(2 * x) - 1, [], torch.tanh),
    "sigmoid": (sigmoid, [], torch.sigmoid),
    "hard_sigmoid": (hard_sigmoid, [-3, 3], F.hardsigmoid),
    "hard_sigmoid_v1": (lambda x: clip(0.2 * x + 0.5, 0.0, 1.0), [-2.5, 2.5], None),
    "hard_silu": (hard_silu, [-3, 3], F.hardswish),
    "hard_tanh": (lambda x: clip(x, -1.0, 1.0), [-1, 1], F.hardtanh),
    "hard_shrink": (lambda x: where(torch.abs(x) > 0.5, x, 0.0), [-0.5, 0.5], F.hardshrink),
    "soft_shrink": (lambda x: where(x > 0.5, x - 0.5, where(x < -0.5, x + 0.5, 0.0)), [-0.5, 0.5], F.softshrink),
    "tanh_shrink": (lambda x: x - torch.tanh(x), [], F.tanhshrink),
    "threshold": (lambda x: where(x > 1, x, -0.25), [1], lambda x: F.threshold(x, 1, -0.25)),
    "exponential": (torch.exp, [], None),
    "mish": (lambda x: x * torch.tanh(softplus(x)), [], F.mish),
    "log_sigmoid": (lambda x: -softplus(-x), [], F.logsigmoid),
    "squareplus": (lambda x: (x + torch.sqrt(x**2 + 4)) / 2, [], None),
    "sparse_plus": (lambda x: where(x <= -1, 0.0, where(x >= 1, x, (x + 1) ** 2 / 4)), [], None),
    "sparse_sigmoid": (lambda x: where(x <= -1, 0.0, where(x >= 1, 1.0, (x + 1) / 2)), [-1, 1], None),
}


def softmax(m):
    e = torch.exp(m - m.max(dim=-1, keepdim=True).values.detach())
    return e / e.sum(dim=-1, keepdim=True)


def log_softmax(m):
    m = m - m.max(dim=-1, keepdim=True).values.detach()
    return m - torch.log(torch.exp(m).sum(dim=-1, keepdim=True))


def sparsemax(m):
    """The point of the simplex nearest to each row: max(row - tau, 0), with
    the tau of the largest support whose members all stay positive."""
    rows = []
    for row in m:
        ordered = torch.sort(row, descending=True).values
        for k in range(len(row), 0, -1):
            tau = (ordered[:k].sum() - 1) / k
            if ordered[k - 1] > tau:
                break
        rows.append(where(row > tau, row - tau, 0.0))
    return torch.stack(rows)


def glu(m):
    a, b = m.chunk(2, dim=-1)
    return a * sigmoid(b)


def differentiate(f, x, weights=None):
    x = x.clone().requires_grad_()
    y = f(x)
    (y if weights is None else y * weights).sum().backward()
    return y.detach(), x.grad


# Where PyTorch's own is rougher than float64: its softplus is linear from 20
# on, and its derivative of hard_sigmoid holds 1/6 as a float32.
ROUGH = {"softplus": 3e-9, "mish": 3e-9, "hard_sigmoid": 6e-9}


def same(name, ours, theirs, corners=()):
    """Holds our value and derivative to PyTorch's, except for the derivative
    at corners, which differs from release to release."""
    slack = ROUGH.get(name, 1e-14)
    assert torch.allclose(ours[0], theirs[0], rtol=1e-13, atol=slack), (name, "value")
    off = (ours[1] - theirs[1]).abs() > slack + 1e-13 * theirs[1].abs()
    off[list(corners)] = False
    assert not off.any(), (name, "derivative")


def main():
    torch.set_num_threads(1)
    awkward = [0.0, -0.0, 1e-3, -1e-3, 20.0, -20.0, 88.0, -88.0]
    x = torch.from_numpy(np.concatenate([np.linspace(-6, 6, 49), awkward]))
    found = {"x": x}
    for name, (f, corners, ready) in ELEMENTWISE.items():
        ours = differentiate(f, x)
        at = [i for i, v in enumerate(x.tolist()) if v in corners]
        if ready:
            same(name, ours, differentiate(ready, x), at)
        found[name], found[name + "_grad"] = ours
        if at:
            found[name + "_corners"] = at

    matrix = torch.from_numpy(golden.uniform(3000, (5, 7), 2.0))
    matrix[3] *= 4
    # overflows wherever the largest is not taken off first
    matrix[4] = 800 - torch.tensor([0.0, 1.0, 4.0, 2.5, 0.5, 3.0, 1.75])
    weights = torch.from_numpy(golden.uniform(3001, (5, 7)))
    found.update(matrix=matrix, matrix_weights=weights)
    last_axis = (softmax, torch.softmax), (log_softmax, torch.log_softmax), (sparsemax, None)
    for f, ready in last_axis:
        name = f.__name__
        ours = differentiate(f, matrix, weights)
        if ready:
            same(name, ours, differentiate(lambda m: ready(m, -1), matrix, weights))
        found[name], found[name + "_grad"] = ours

    m = torch.from_numpy(golden.uniform(3002, (5, 8), 4.0))
    weights = torch.from_numpy(golden.uniform(3003, (5, 4)))
    ours = differentiate(glu, m, weights)
    same("glu", ours, differentiate(F.glu, m, weights))
    found.update(glu_matrix=m, glu_weights=weights, glu=ours[0], glu_grad=ours[1])
    golden.save(__file__, "activations", found)


if __name__ == "__main__":
    main()
