"""Golden values of the GRU layer, in float64.

    /usr/bin/python3 layers/testdata/gru.py

writes gru_T_B_D_U.npz from PyTorch's GRU, and gru_options_OPTION.npz from the
equations; recurrent.py says what is in them. The columns of the weights are
z, r and h. The bias is (2, 3U), the row of x and that of h; where the reset
gate comes before the product it is (3U). Options beside those of recurrent.py:

    hard_sigmoid_v1       recurrent_activation clip(0.2 x + 0.5, 0, 1)
    all                   relu, hard_sigmoid_v1, no bias and backwards at once
    reset_before          the reset gate comes before the product
    reset_before_all      all and reset_before
    reset_before_no_bias  no_bias and reset_before
    reset_before_mask     mask and reset_before
"""
import sys

import torch

sys.dont_write_bytecode = True
import recurrent
from recurrent import MASK, hard_sigmoid_v1, relu


def torch_gru(p):
    """What torch.nn.GRU runs, whose gates are r, z, n, on Keras' weights."""
    def gates(w):
        z, r, h = w.chunk(3, dim=-1)
        return torch.cat([r, z, h], dim=-1)

    weights = [gates(p["kernel"]).T, gates(p["recurrent_kernel"]).T, gates(p["bias"][0]), gates(p["bias"][1])]
    output, h = torch.gru(
        p["x"], p["h0"][None], weights,
        has_biases=True, num_layers=1, dropout=0.0, train=True, bidirectional=False, batch_first=True,
    )
    return output, h[0]


def cell_gru(p, activation=torch.tanh, recurrent_activation=torch.sigmoid, no_bias=False,
             reset_before=False, **through_time):
    """The GRU step by step."""
    wz, wr, wh = p["kernel"].chunk(3, dim=1)
    uz, ur, uh = p["recurrent_kernel"].chunk(3, dim=1)
    if no_bias:
        bz = br = bh = cz = cr = ch = 0.0
    elif reset_before:
        (bz, br, bh), cz, cr, ch = p["bias"].chunk(3), 0.0, 0.0, 0.0
    else:
        (bz, br, bh), (cz, cr, ch) = p["bias"][0].chunk(3), p["bias"][1].chunk(3)

    def step(_, x, h):
        z = recurrent_activation(x @ wz + bz + h @ uz + cz)
        r = recurrent_activation(x @ wr + br + h @ ur + cr)
        if reset_before:
            g = activation(x @ wh + bh + (r * h) @ uh)
        else:
            g = activation(x @ wh + bh + r * (h @ uh + ch))
        return z * h + (1 - z) * g

    return recurrent.loop(p, step, **through_time)


ALL = dict(activation=relu, recurrent_activation=hard_sigmoid_v1, no_bias=True, go_backwards=True)
OPTIONS = {
    "relu": dict(activation=relu),
    "hard_sigmoid_v1": dict(recurrent_activation=hard_sigmoid_v1),
    "no_bias": dict(no_bias=True),
    "go_backwards": dict(go_backwards=True),
    "all": ALL,
    "reset_before": dict(reset_before=True),
    "reset_before_all": dict(ALL, reset_before=True),
    "reset_before_no_bias": dict(no_bias=True, reset_before=True),
    "reset_before_mask": dict(mask=MASK, reset_before=True),
    "mask": dict(mask=MASK),
    "mask_zero": dict(mask=MASK, zero_output_for_mask=True),
    "mask_backwards": dict(mask=MASK, go_backwards=True),
}

if __name__ == "__main__":
    recurrent.write(__file__, "gru", 3000, torch_gru, cell_gru, OPTIONS, gates=3,
                    bias_rows=lambda option: () if option.get("reset_before") else (2,))
