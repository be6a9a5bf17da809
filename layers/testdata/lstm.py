"""Golden values of the LSTM layer, from PyTorch's LSTM in float64.

    /usr/bin/python3 layers/testdata/lstm.py

writes lstm_T_B_D_U.npz for T steps, batch B, D features, U units. Layout and
meaning are Keras': kernel (D, 4U), recurrent_kernel (U, 4U), bias (4U), with
the columns i, f, c, o; sequences are [batch, steps, features].

Nothing that can be generated is stored. With uniform of golden.py (Uniform of
graphtest in Go) and the seed s of the file:

    x                 uniform(s,     [B, T, D], 2)
    kernel            uniform(s + 1, [D, 4U],   0.5)
    recurrent_kernel  uniform(s + 2, [U, 4U],   recurrent_scale)
    bias              uniform(s + 3, [4U],      0.5)
    h0, c0            uniform(s + 4, [B, U], 1), uniform(s + 5, [B, U], 1);
                      zeros where initial is 0
    weights of the loss  r_output uniform(s + 6, [B, T, U], 1),
                         r_h uniform(s + 7, [B, U], 1), r_c uniform(s + 8, [B, U], 1)

    loss = sum(output * r_output) + sum(h * r_h) + sum(c * r_c)

Keys: sizes [T, B, D, U], seed, recurrent_scale, initial (0 or 1); output
[B, T, U], h and c [B, U] (the last states); and the gradients of the loss:
grad_x, grad_kernel, grad_recurrent_kernel, grad_bias, grad_h0, grad_c0.
"""
import os
import sys

import torch

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../graph/graphtest/testdata"))
import golden

# T, B, D, U, recurrent_scale, initial
CASES = [
    (5, 1, 3, 4, 0.5, 1),
    (1, 3, 2, 4, 0.5, 1),
    (6, 2, 3, 1, 0.5, 0),
    (7, 2, 1, 5, 0.5, 1),
    (1, 1, 1, 1, 0.5, 0),
    (4, 2, 3, 128, 0.125, 1),
    (3, 2, 5, 256, 0.125, 1),
    (300, 2, 3, 8, 0.5, 1),
    (30, 4, 1, 50, 0.25, 0),
    (300, 1, 2, 16, 0.5, 0),
    (100, 2, 3, 8, 0.5, 1),
]
INPUTS = ("x", "kernel", "recurrent_kernel", "bias", "h0", "c0")


def inputs(seed, T, B, D, U, recurrent_scale, initial, dtype=torch.float64):
    """The six inputs by name, ready for gradients, and the loss's weights."""
    def draw(k, shape, scale):
        return torch.from_numpy(golden.uniform(seed + k, shape, scale)).to(dtype)

    values = [
        draw(0, (B, T, D), 2.0),
        draw(1, (D, 4 * U), 0.5),
        draw(2, (U, 4 * U), recurrent_scale),
        draw(3, (4 * U,), 0.5),
        draw(4, (B, U), 1.0) * initial,
        draw(5, (B, U), 1.0) * initial,
    ]
    leaves = {n: v.requires_grad_() for n, v in zip(INPUTS, values)}
    weights = draw(6, (B, T, U), 1.0), draw(7, (B, U), 1.0), draw(8, (B, U), 1.0)
    return leaves, weights


def torch_lstm(p):
    """What torch.nn.LSTM runs, on Keras' weights: output, h, c."""
    weights = [p["kernel"].T, p["recurrent_kernel"].T, p["bias"], torch.zeros_like(p["bias"])]
    output, h, c = torch.lstm(
        p["x"], (p["h0"][None], p["c0"][None]), weights,
        has_biases=True, num_layers=1, dropout=0.0, train=True, bidirectional=False, batch_first=True,
    )
    return output, h[0], c[0]


def results(leaves, weights, outputs):
    """Output, states and the gradients of the loss, by the names of the file."""
    loss = sum((o * r).sum() for o, r in zip(outputs, weights))
    loss.backward()
    found = dict(zip(("output", "h", "c"), outputs))
    found.update({"grad_" + n: v.grad for n, v in leaves.items() if v.grad is not None})
    return found


def main():
    torch.set_num_threads(1)
    for number, case in enumerate(CASES, 1):
        T, B, D, U, recurrent_scale, initial = case
        seed = 100 * number
        leaves, weights = inputs(seed, *case)
        found = results(leaves, weights, torch_lstm(leaves))
        found.update(sizes=[T, B, D, U], seed=seed, recurrent_scale=recurrent_scale, initial=initial)
        golden.save(__file__, f"lstm_{T}_{B}_{D}_{U}", found)


if __name__ == "__main__":
    main()
