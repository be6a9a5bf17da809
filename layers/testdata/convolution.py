"""Conv1D, MaxPooling1D and AveragePooling1D, computed by PyTorch in float64.

It writes convolution.npz and pooling.npz beside itself. Layout and meaning are
Keras': sequences are [batch, steps, features], a kernel is [size, features /
groups, filters]. Padding is done by hand with the rule of Keras, since PyTorch
has none that is causal, and none that is "same" beside strides; what strides
make of it is held to another implementation by same_padding.js.

Inputs are not stored. With uniform of golden.py (Uniform of graphtest in Go),
the seed s of the case:

    x       uniform(s,     [B, T, D], 2)
    kernel  uniform(s + 1, [K, D / groups, F], 0.5)
    bias    uniform(s + 2, [F], 0.5)
    weights of the loss  uniform(s + 3, the output's shape, 1)

    loss = sum(output * weights)

Keys, each behind the name of its case and "_": settings; output; grad_x,
grad_kernel, grad_bias of the loss. Settings of a convolution are [s, B, T, D,
F, K, strides, dilation, groups, padding], of a pool [s, B, T, D, size, strides,
padding]; padding 0 is valid, 1 same, 2 causal.
"""
import os
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../graph/graphtest/testdata"))
import golden

VALID, SAME, CAUSAL = range(3)

# B, T, D, F, K, strides, dilation, groups, padding
CONVOLUTIONS = {
    "valid": (2, 7, 3, 4, 3, 1, 1, 1, VALID),
    "valid_strides": (2, 8, 3, 4, 3, 2, 1, 1, VALID),
    "valid_dilation": (2, 9, 3, 4, 3, 1, 3, 1, VALID),
    "same": (2, 6, 3, 4, 3, 1, 1, 1, SAME),
    "same_even": (2, 6, 3, 4, 4, 1, 1, 1, SAME),
    "same_dilation": (2, 6, 3, 4, 3, 1, 2, 1, SAME),
    "same_strides": (2, 8, 3, 4, 3, 2, 1, 1, SAME),
    "same_strides_over": (2, 7, 3, 4, 2, 3, 1, 1, SAME),
    "causal": (2, 6, 3, 4, 3, 1, 1, 1, CAUSAL),
    "causal_dilation": (2, 9, 3, 4, 2, 1, 4, 1, CAUSAL),
    "causal_strides": (2, 8, 3, 4, 3, 3, 1, 1, CAUSAL),
    "short": (2, 1, 3, 4, 5, 1, 1, 1, CAUSAL),
    "groups": (2, 6, 6, 4, 3, 1, 1, 2, SAME),
    "depthwise": (2, 6, 3, 3, 3, 1, 2, 3, CAUSAL),
    "one": (2, 5, 1, 1, 1, 1, 1, 1, VALID),
    "wide": (3, 20, 8, 20, 5, 1, 2, 1, CAUSAL),
    "groups_dilation": (2, 9, 6, 40, 3, 1, 2, 2, CAUSAL),
    "groups_strides": (2, 9, 6, 4, 3, 2, 1, 2, CAUSAL),
    "depthwise_wide": (2, 9, 19, 19, 4, 1, 2, 19, CAUSAL),
    "depthwise_strides": (2, 9, 19, 19, 4, 3, 1, 19, SAME),
}

# B, T, D, size, strides, padding
POOLS = {
    "valid": (2, 7, 3, 2, 2, VALID),
    "valid_overlap": (2, 7, 3, 3, 1, VALID),
    "valid_gaps": (2, 9, 3, 2, 4, VALID),
    "same": (2, 7, 3, 3, 3, SAME),
    "same_one": (2, 6, 3, 4, 1, SAME),
    "same_uneven": (2, 8, 3, 3, 2, SAME),
    "same_large": (2, 3, 3, 9, 2, SAME),
}


def ends(steps, size, strides, dilation, padding):
    """How many steps of padding there are on both sides."""
    span = (size - 1) * dilation + 1
    if padding == CAUSAL:
        return span - 1, 0
    if padding == SAME:
        missing = max((-(-steps // strides) - 1) * strides + span - steps, 0)
        return missing // 2, missing - missing // 2
    return 0, 0


def draw(seed, shape, scale):
    return torch.from_numpy(golden.uniform(seed, shape, scale)).requires_grad_()


def results(seed, y, leaves):
    (y * torch.from_numpy(golden.uniform(seed + 3, y.shape, 1.0))).sum().backward()
    found = {"grad_" + name: v.grad for name, v in leaves.items()}
    found["output"] = y
    return found


def convolution(seed, B, T, D, filters, K, strides, dilation, groups, padding):
    p = {
        "x": draw(seed, (B, T, D), 2.0),
        "kernel": draw(seed + 1, (K, D // groups, filters), 0.5),
        "bias": draw(seed + 2, (filters,), 0.5),
    }
    x = F.pad(p["x"].transpose(1, 2), ends(T, K, strides, dilation, padding))
    y = F.conv1d(x, p["kernel"].permute(2, 1, 0), p["bias"], stride=strides, dilation=dilation, groups=groups)
    return results(seed, y.transpose(1, 2), p)


def pool(kind, seed, B, T, D, size, strides, padding):
    p = {"x": draw(seed, (B, T, D), 2.0)}
    x, sides = p["x"].transpose(1, 2), ends(T, size, strides, 1, padding)
    if kind == "max":
        y = F.max_pool1d(F.pad(x, sides, value=-1e9), size, strides)
    else:
        part = F.avg_pool1d(F.pad(torch.ones_like(x), sides), size, strides)
        y = F.avg_pool1d(F.pad(x, sides), size, strides) / part
    return results(seed, y.transpose(1, 2), p)


def write(name, seed, cases, f):
    found = {}
    for number, (case, settings) in enumerate(cases.items()):
        s = seed + 10 * number
        found[case + "_settings"] = (s, *settings)
        found.update({case + "_" + key: v for key, v in f(case, s, settings).items()})
    golden.save(__file__, name, found)


def main():
    torch.set_num_threads(1)
    write("convolution", 5000, CONVOLUTIONS, lambda case, s, settings: convolution(s, *settings))
    pools = {kind + "_" + case: settings for kind in ("max", "average") for case, settings in POOLS.items()}
    write("pooling", 6000, pools, lambda case, s, settings: pool(case.split("_")[0], s, *settings))


if __name__ == "__main__":
    main()
