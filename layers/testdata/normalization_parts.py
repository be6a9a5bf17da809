"""Golden values of the normalization layers without gamma, beta or both, from
PyTorch in float64.

    /usr/bin/python3 layers/testdata/normalization_parts.py

writes normalization_parts.npz, with cases whose names begin with the layer, layer
or batch. All is as in normalization.py, but that grad_gamma is absent without
scale, and grad_beta without center; PyTorch, too, is given no such weights.
"""
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
from normalization import golden, inputs, moving

SHAPE, AXIS, EPSILON, MOMENTUM = (2, 3, 4), 2, 1e-2, 0.75
WITHOUT = {"no_center": ["beta"], "no_scale": ["gamma"], "neither": ["gamma", "beta"]}


def case(name, seed, without, f):
    """f(x, gamma, beta) is the layer; a weight that it is without is None."""
    (x, gamma, beta), r = inputs(seed, SHAPE, [AXIS])
    weights = {n: None if n in without else v for n, v in (("gamma", gamma), ("beta", beta))}
    y = f(x, **weights)
    (y * r).sum().backward()
    found = dict(seed=seed, shape=SHAPE, axis=[AXIS], epsilon=EPSILON, output=y, grad_x=x.grad)
    found.update({"grad_" + n: v.grad for n, v in weights.items() if v is not None})
    if name == "batch":
        averages, mean, variance = moving(seed, SHAPE, AXIS, MOMENTUM)
        found.update(momentum=MOMENTUM, moving=averages)
        found["inferred"] = channels(x, lambda x: F.batch_norm(
            x, mean.flatten(), variance.flatten(), weights["gamma"], weights["beta"], False, eps=EPSILON))
    return found


def channels(x, f):
    """f over features at axis 1, where PyTorch has them."""
    return f(x.transpose(1, AXIS)).transpose(1, AXIS)


LAYERS = {
    "layer": lambda x, gamma, beta: F.layer_norm(x, SHAPE[AXIS:], gamma, beta, EPSILON),
    "batch": lambda x, gamma, beta: channels(x, lambda x: F.batch_norm(x, None, None, gamma, beta, True, 0.1, EPSILON)),
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    found = {}
    for i, (name, f) in enumerate(LAYERS.items()):
        for k, (part, without) in enumerate(WITHOUT.items()):
            one = case(name, 9700 + 1000 * i + 100 * k, without, f)
            found.update({f"{name}_{part}_{key}": v for key, v in one.items()})
    golden.save(__file__, "normalization_parts", found)
