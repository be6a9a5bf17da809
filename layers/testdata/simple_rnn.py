"""Golden values of the SimpleRNN layer, in float64.

    /usr/bin/python3 layers/testdata/simple_rnn.py

writes simple_rnn_T_B_D_U.npz from PyTorch's RNN, and
simple_rnn_options_OPTION.npz from the equation; recurrent.py says what is in
them. The bias is (U). One option beside those of recurrent.py:

    all    relu, no bias and backwards at once
"""
import sys

import torch

sys.dont_write_bytecode = True
import recurrent
from recurrent import MASK, relu


def torch_rnn(p):
    """What torch.nn.RNN runs, on Keras' weights."""
    weights = [p["kernel"].T, p["recurrent_kernel"].T, p["bias"], torch.zeros_like(p["bias"])]
    output, h = torch.rnn_tanh(
        p["x"], p["h0"][None], weights,
        has_biases=True, num_layers=1, dropout=0.0, train=True, bidirectional=False, batch_first=True,
    )
    return output, h[0]


def cell_rnn(p, activation=torch.tanh, no_bias=False, **through_time):
    """The SimpleRNN step by step."""
    bias = 0.0 if no_bias else p["bias"]

    def step(p, x, h):
        return activation(x @ p["kernel"] + h @ p["recurrent_kernel"] + bias)

    return recurrent.loop(p, step, **through_time)


OPTIONS = {
    "relu": dict(activation=relu),
    "no_bias": dict(no_bias=True),
    "go_backwards": dict(go_backwards=True),
    "all": dict(activation=relu, no_bias=True, go_backwards=True),
    "mask": dict(mask=MASK),
    "mask_zero": dict(mask=MASK, zero_output_for_mask=True),
    "mask_backwards": dict(mask=MASK, go_backwards=True),
}

if __name__ == "__main__":
    recurrent.write(__file__, "simple_rnn", 5000, torch_rnn, cell_rnn, OPTIONS, gates=1)
