"""Golden values of RMSNormalization, from PyTorch's autograd in float64.

    /usr/bin/python3 layers/testdata/rms_normalization.py

writes rms_normalization.npz for conformance.Golden. The layer is written as Keras 3
computes it, x * rsqrt(mean(x²) + ε) * scale, and the outputs are held to a plain loop.
"""
import itertools
import math
import os
import sys

import torch

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../graph/graphtest/testdata"))
import golden

CASES = {  # shape, axes, epsilon, scale of x
    "last": ((2, 3, 5), [2], 1e-6, 2.0),
    "small": ((2, 3, 5), [2], 1e-6, 2.0**-10),  # ε counts
    "flat": ((4, 3), [1], 0.5, 2.0),
    "two": ((2, 3, 4), [1, 2], 1e-6, 2.0),
    "apart": ((2, 3, 2, 4), [1, 3], 0.25, 2.0),
}


def loop(x, scale, axes, epsilon):
    """The layer, number by number."""
    y = torch.zeros_like(x)
    for place in itertools.product(*(range(n) for n in x.shape)):
        total, count = 0.0, 0
        for other in itertools.product(*(range(n) for n in x.shape)):
            if all(p == o for a, (p, o) in enumerate(zip(place, other)) if a not in axes):
                total, count = total + x[other].item() ** 2, count + 1
        y[place] = x[place].item() / math.sqrt(total / count + epsilon) * scale[tuple(place[a] for a in axes)].item()
    return y


if __name__ == "__main__":
    torch.set_num_threads(1)
    found = {}
    for i, (name, (shape, axes, epsilon, size)) in enumerate(CASES.items()):
        draw = lambda k, shape, size=1.0: torch.from_numpy(golden.uniform(9500 + 10 * i + k, tuple(shape), size))
        x, r = draw(0, shape, size).requires_grad_(), draw(2, shape)
        scale = draw(1, [shape[a] for a in axes]).requires_grad_()
        wide = [n if a in axes else 1 for a, n in enumerate(shape)]
        y = x * torch.rsqrt((x * x).mean(axes, keepdim=True) + epsilon) * scale.reshape(wide)
        assert torch.allclose(y, loop(x, scale, axes, epsilon), rtol=0, atol=1e-13)
        (y * r).sum().backward()
        case = dict(x=x, r=r, scale=scale, output=y, grad_x=x.grad, grad_scale=scale.grad)
        found.update({f"{name}_{key}": v for key, v in case.items()})
    golden.save(__file__, "rms_normalization", found)
