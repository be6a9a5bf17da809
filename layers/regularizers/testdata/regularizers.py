"""Golden values of the regularizers, from their formulas in float64.

    /usr/bin/python3 layers/regularizers/testdata/regularizers.py

writes regularizers.npz: for each name below the penalty of x, and as grad_NAME
its gradient by PyTorch. With uniform of golden.py (Uniform of graphtest in Go)
x is uniform(1, [4, 3], 2).
"""
import itertools
import os
import sys

import torch

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../graph/graphtest/testdata"))
import golden


def orthogonal(x, factor=0.01):
    """The mean over all pairs of rows."""
    pairs = list(itertools.combinations(x, 2))
    return factor * sum(torch.cosine_similarity(a, b, dim=0, eps=1e-7).abs() for a, b in pairs) / len(pairs)


def l1(x, factor=0.01):
    return factor * torch.linalg.vector_norm(x, 1)


def l2(x, factor=0.01):
    return factor * torch.linalg.matrix_norm(x) ** 2


CASES = {
    "l1": l1,
    "l1_3": lambda x: l1(x, 3),
    "l2": l2,
    "l2_3": lambda x: l2(x, 3),
    "l1l2": lambda x: l1(x, 0.5) + l2(x, 0.25),
    "rows": orthogonal,
    "columns": lambda x: orthogonal(x.T, 2),
}


def main():
    found = {}
    for name, f in CASES.items():
        x = torch.from_numpy(golden.uniform(1, (4, 3), 2.0)).requires_grad_()
        y = f(x)
        y.backward()
        found[name], found["grad_" + name] = y, x.grad
    golden.save(__file__, "regularizers", found)


if __name__ == "__main__":
    main()
