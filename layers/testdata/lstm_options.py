"""Golden values of the LSTM layer's options, from the equations in float64.

    /usr/bin/python3 layers/testdata/lstm_options.py

writes lstm_options_NAME.npz for each case below: 4 steps, batch 2, 3 features,
5 units, nonzero initial states. The cell is written out from its equations and
differentiated by PyTorch; with the default activations it is held to
PyTorch's LSTM before anything is written. Inputs, loss and keys are those of
lstm.py, so the file gives only the seed; grad_bias is absent without bias.

    relu             activation relu
    hard_sigmoid     recurrent_activation hard_sigmoid, relu6(x + 3) / 6
    hard_sigmoid_v1  recurrent_activation clip(0.2 x + 0.5, 0, 1)
    no_bias          no bias
    go_backwards     last step first; the output stays in the order processed
    all              relu, hard_sigmoid_v1, no bias and backwards at once
    mask             key mask [B, T], 1 where a step counts: elsewhere the
                     states stay and the output repeats the one before, zero
                     where there was none
    mask_zero        the same with an output of zero at masked steps
    mask_backwards   mask and go_backwards; mask is in the order of x
"""
import sys

import torch

sys.dont_write_bytecode = True
import lstm
from lstm import golden

SIZES = T, B, D, U = 4, 2, 3, 5
SEED, RECURRENT_SCALE = 2000, 0.5
# The first step of one sample is masked, and the last of the other.
MASK = torch.tensor([[0, 1, 0, 1], [1, 0, 1, 0]], dtype=torch.bool)


def relu(x):
    return torch.where(x > 0, x, torch.zeros_like(x))


def hard_sigmoid(x):
    return torch.clamp(x + 3, 0, 6) / 6


def hard_sigmoid_v1(x):
    return torch.clamp(0.2 * x + 0.5, 0, 1)


def cell_lstm(p, activation=torch.tanh, recurrent_activation=torch.sigmoid, no_bias=False,
              go_backwards=False, mask=None, zero_output_for_mask=False):
    """The LSTM step by step: output, h, c."""
    h, c = p["h0"], p["c0"]
    before = torch.zeros_like(h)
    outputs = []
    for t in reversed(range(T)) if go_backwards else range(T):
        z = p["x"][:, t] @ p["kernel"] + h @ p["recurrent_kernel"]  # [batch, 4 units]
        if not no_bias:
            z = z + p["bias"]
        i, f, g, o = z.split(U, dim=1)
        c_new = recurrent_activation(f) * c + recurrent_activation(i) * activation(g)
        h_new = recurrent_activation(o) * activation(c_new)
        output = h_new
        if mask is not None:
            m = mask[:, t, None]
            h_new, c_new = torch.where(m, h_new, h), torch.where(m, c_new, c)
            output = torch.where(m, output, torch.zeros_like(h) if zero_output_for_mask else before)
        h, c, before = h_new, c_new, output
        outputs.append(output)
    return torch.stack(outputs, dim=1), h, c


CASES = {
    "relu": dict(activation=relu),
    "hard_sigmoid": dict(recurrent_activation=hard_sigmoid),
    "hard_sigmoid_v1": dict(recurrent_activation=hard_sigmoid_v1),
    "no_bias": dict(no_bias=True),
    "go_backwards": dict(go_backwards=True),
    "all": dict(activation=relu, recurrent_activation=hard_sigmoid_v1, no_bias=True, go_backwards=True),
    "mask": dict(mask=MASK),
    "mask_zero": dict(mask=MASK, zero_output_for_mask=True),
    "mask_backwards": dict(mask=MASK, go_backwards=True),
}


def run(f, **options):
    leaves, weights = lstm.inputs(SEED, *SIZES, RECURRENT_SCALE, 1)
    return lstm.results(leaves, weights, f(leaves, **options))


def main():
    torch.set_num_threads(1)
    ours, theirs = run(cell_lstm), run(lstm.torch_lstm)
    for key in theirs:
        assert torch.allclose(ours[key], theirs[key], rtol=0, atol=1e-13), key
    for name, options in CASES.items():
        found = run(cell_lstm, **options)
        found.update(sizes=SIZES, seed=SEED, recurrent_scale=RECURRENT_SCALE, initial=1)
        if "mask" in options:
            found["mask"] = options["mask"]
        golden.save(__file__, "lstm_options_" + name, found)


if __name__ == "__main__":
    main()
