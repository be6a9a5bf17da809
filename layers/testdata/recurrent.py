"""What gru.py and simple_rnn.py share; by itself it writes nothing.

Both write two sets of files. NAME_T_B_D_U.npz is PyTorch's own module in
float64, for T steps, batch B, D features, U units. NAME_options_OPTION.npz is
4 steps, batch 2, 3 features and 5 units, computed by a cell that is written out
from its equations and differentiated by PyTorch; with the usual options it is
held to PyTorch's module on every case before anything is written.

Layout and meaning are Keras': kernel (D, gU), recurrent_kernel (U, gU), with g
gates; sequences are [batch, steps, features]. Nothing that can be generated is
stored. With uniform of golden.py (Uniform of graphtest in Go) and the seed s of
the file:

    x                 uniform(s,     [B, T, D], 2)
    kernel            uniform(s + 1, [D, gU],   0.5)
    recurrent_kernel  uniform(s + 2, [U, gU],   recurrent_scale)
    bias              uniform(s + 3, its shape, 0.5)
    h0                uniform(s + 4, [B, U], 1); zeros where initial is 0
    weights of the loss  r_output uniform(s + 6, [B, T, U], 1),
                         r_h uniform(s + 7, [B, U], 1)

    loss = sum(output * r_output) + sum(h * r_h)

Keys: sizes [T, B, D, U], seed, recurrent_scale, initial (0 or 1); output
[B, T, U], h [B, U] (the last state); and the gradients of the loss: grad_x,
grad_kernel, grad_recurrent_kernel, grad_bias (absent without bias), grad_h0;
where steps are masked, mask [B, T].

Options that mean the same for both:

    relu             activation relu
    no_bias          no bias
    go_backwards     last step first; the output stays in the order processed
    mask             1 where a step counts: elsewhere the state stays and the
                     output repeats the one before, zero where there was none
    mask_zero        the same with an output of zero at masked steps
    mask_backwards   mask and go_backwards; mask is in the order of x
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
    (30, 4, 1, 50, 0.25, 0),
    (300, 2, 3, 8, 0.5, 1),
    (100, 2, 3, 8, 0.5, 1),
]
OPTIONS = (4, 2, 3, 5, 0.5, 1)
# The first step of one sample is masked, and the last of the other.
MASK = torch.tensor([[0, 1, 0, 1], [1, 0, 1, 0]], dtype=torch.bool)


def relu(x):
    return torch.where(x > 0, x, torch.zeros_like(x))


def hard_sigmoid_v1(x):
    return torch.clamp(0.2 * x + 0.5, 0, 1)


def inputs(seed, case, gates, bias_rows):
    """The inputs by name, ready for gradients, and the loss's weights."""
    T, B, D, U, recurrent_scale, initial = case

    def draw(k, shape, scale):
        return torch.from_numpy(golden.uniform(seed + k, shape, scale))

    p = {
        "x": draw(0, (B, T, D), 2.0),
        "kernel": draw(1, (D, gates * U), 0.5),
        "recurrent_kernel": draw(2, (U, gates * U), recurrent_scale),
        "bias": draw(3, (*bias_rows, gates * U), 0.5),
        "h0": draw(4, (B, U), 1.0) * initial,
    }
    return {n: v.requires_grad_() for n, v in p.items()}, (draw(6, (B, T, U), 1.0), draw(7, (B, U), 1.0))


def loop(p, step, go_backwards=False, mask=None, zero_output_for_mask=False):
    """Takes h' = step(p, x, h) through time: output, h."""
    h, T = p["h0"], p["x"].shape[1]
    before = zero = torch.zeros_like(h)
    outputs = []
    for t in reversed(range(T)) if go_backwards else range(T):
        h_new = output = step(p, p["x"][:, t], h)
        if mask is not None:
            m = mask[:, t, None]
            h_new = torch.where(m, h_new, h)
            output = torch.where(m, output, zero if zero_output_for_mask else before)
        h, before = h_new, output
        outputs.append(output)
    return torch.stack(outputs, dim=1), h


def results(p, weights, outputs):
    """Output, state and the gradients of the loss, by the names of the file."""
    loss = sum((o * r).sum() for o, r in zip(outputs, weights))
    loss.backward()
    found = dict(zip(("output", "h"), outputs))
    found.update({"grad_" + n: v.grad for n, v in p.items() if v.grad is not None})
    return found


def write(script, name, seed, theirs, ours, options, gates, bias_rows=lambda option: ()):
    """Writes all files.

    theirs(p) is PyTorch's module and ours(p, **option) the cell through time;
    options are by name.
    """
    torch.set_num_threads(1)

    def run(seed, case, f, **option):
        p, weights = inputs(seed, case, gates, bias_rows(option))
        return results(p, weights, f(p, **option))

    def save(name, seed, case, found, **more):
        sizes, (recurrent_scale, initial) = case[:4], case[4:]
        golden.save(script, name, dict(
            found, sizes=sizes, seed=seed, recurrent_scale=recurrent_scale, initial=initial, **more))

    for number, case in enumerate(CASES, 1):
        s = seed + 100 * number
        found, check = run(s, case, theirs), run(s, case, ours)
        for key in found:
            scale = max(1.0, found[key].abs().max().item())
            assert torch.allclose(check[key], found[key], rtol=0, atol=1e-13 * scale), (case, key)
        save("_".join([name, *map(str, case[:4])]), s, case, found)
    for option, settings in options.items():
        more = {"mask": settings["mask"]} if "mask" in settings else {}
        save(f"{name}_options_{option}", seed, OPTIONS, run(seed, OPTIONS, ours, **settings), **more)
