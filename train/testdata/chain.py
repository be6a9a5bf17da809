"""A whole training run, from PyTorch: LSTM(50) and Dense(1), MSE, Keras' Adam.

    /usr/bin/python3 train/testdata/chain.py

writes chain.npz. 200 steps over 10 fixed batches in turn, step k on batch
k mod 10, each [32, 30, 1] with targets [32, 1], a smoothed end of the series
plus noise. With uniform of golden.py (Uniform of graphtest in Go):

    x                 uniform(4000, [10, 32, 30, 1], 1)
    targets           x[..., 29, :] / 2 + x[..., 28, :] / 4 + x[..., 27, :] / 4
                      + uniform(4001, [10, 32, 1], 1/64)
    kernel            uniform(4002, [1, 200], 0.25)
    recurrent_kernel  uniform(4003, [50, 200], 0.125)
    bias              [200]: ones for the forget gate (columns 50 to 99), else zeros
    dense_kernel      uniform(4004, [50, 1], 0.25)
    dense_bias        [1]: zero

All weights are Keras': columns i, f, c, o, one bias. PyTorch's second bias
stays zero, and Adam is Keras' (learning rate 1e-3, beta 0.9 and 0.999, epsilon
1e-7), written out over PyTorch's gradients.

Keys: losses_float64 and losses_float32 [200], the loss of each step before its
update, computed in either type; targets [10, 32, 1]; and the weights after the
last step in float64: kernel, recurrent_kernel, bias, dense_kernel, dense_bias.
"""
import math
import os
import sys

import torch

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../graph/graphtest/testdata"))
import golden

STEPS, BATCHES, B, T, U = 200, 10, 32, 30, 50
LEARNING_RATE, BETA_1, BETA_2, EPSILON = 1e-3, 0.9, 0.999, 1e-7


def data():
    x = torch.from_numpy(golden.uniform(4000, (BATCHES, B, T, 1)))
    noise = torch.from_numpy(golden.uniform(4001, (BATCHES, B, 1), 1 / 64))
    return x, x[:, :, 29] / 2 + x[:, :, 28] / 4 + x[:, :, 27] / 4 + noise


def start():
    bias = torch.zeros(4 * U, dtype=torch.float64)
    bias[U : 2 * U] = 1
    return {
        "kernel": torch.from_numpy(golden.uniform(4002, (1, 4 * U), 0.25)),
        "recurrent_kernel": torch.from_numpy(golden.uniform(4003, (U, 4 * U), 0.125)),
        "bias": bias,
        "dense_kernel": torch.from_numpy(golden.uniform(4004, (U, 1), 0.25)),
        "dense_bias": torch.zeros(1, dtype=torch.float64),
    }


def predict(p, x):
    """The last output of the LSTM through the dense layer: [batch, 1]."""
    zero = torch.zeros(1, len(x), U, dtype=x.dtype)
    weights = [p["kernel"].T, p["recurrent_kernel"].T, p["bias"], torch.zeros_like(p["bias"])]
    output, _, _ = torch.lstm(
        x, (zero, zero), weights,
        has_biases=True, num_layers=1, dropout=0.0, train=True, bidirectional=False, batch_first=True,
    )
    return output[:, -1] @ p["dense_kernel"] + p["dense_bias"]


def train(dtype):
    """The losses of all steps and the last weights."""
    x, y = (v.to(dtype) for v in data())
    p = {name: v.to(dtype).requires_grad_() for name, v in start().items()}
    m = {name: torch.zeros_like(v) for name, v in p.items()}
    v = {name: torch.zeros_like(w) for name, w in p.items()}
    losses = []
    for k in range(STEPS):
        loss = ((predict(p, x[k % BATCHES]) - y[k % BATCHES]) ** 2).mean()
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, list(p.values()))
        alpha = LEARNING_RATE * math.sqrt(1 - BETA_2 ** (k + 1)) / (1 - BETA_1 ** (k + 1))
        with torch.no_grad():
            for name, g in zip(p, gradients):
                m[name] += (g - m[name]) * (1 - BETA_1)
                v[name] += (g * g - v[name]) * (1 - BETA_2)
                p[name] -= alpha * m[name] / (v[name].sqrt() + EPSILON)
    return losses, p


def main():
    torch.set_num_threads(1)
    losses, weights = train(torch.float64)
    single, _ = train(torch.float32)
    golden.save(__file__, "chain", {
        "losses_float64": losses, "losses_float32": single, "targets": data()[1], **weights,
    })


if __name__ == "__main__":
    main()
