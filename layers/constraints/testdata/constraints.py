"""Golden values of the constraints, in float64.

    /usr/bin/python3 layers/constraints/testdata/constraints.py

writes constraints.npz: w after each constraint, by the names below. With uniform of golden.py (Uniform of graphtest in Go) w is
uniform(1, [4, 3], 2), or uniform(2, [2, 3, 4], 2) for names with _3. Norms are
torch.linalg.vector_norm, and max_norm is held to torch.renorm, which has an
epsilon of its own where a vector is too long, before anything is written.
"""
import os
import sys

import torch

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../graph/graphtest/testdata"))
import golden

EPSILON = 1e-7  # keras.backend.epsilon()


def min_max_norm(w, low, high, rate, dim):
    n = torch.linalg.vector_norm(w, dim=dim, keepdim=True)
    return w * ((rate * n.clamp(low, high) + (1 - rate) * n) / (EPSILON + n))


def max_norm(w, high=2.0, dim=0):
    return min_max_norm(w, 0.0, high, 1.0, dim)


def unit_norm(w, dim=0):
    return w / (EPSILON + torch.linalg.vector_norm(w, dim=dim, keepdim=True))


def main():
    w = torch.from_numpy(golden.uniform(1, (4, 3), 2.0))
    cube = torch.from_numpy(golden.uniform(2, (2, 3, 4), 2.0))
    assert torch.allclose(max_norm(w), torch.renorm(w, 2, 1, 2.0), rtol=0, atol=1e-6)
    golden.save(__file__, "constraints", {
        "max_norm": max_norm(w),
        "max_norm_rows": max_norm(w, 1.5, 1),
        "max_norm_3": max_norm(cube, 1.0, (0, 1)),
        "max_norm_3_ends": max_norm(cube, 1.0, (2, 0)),
        "unit_norm": unit_norm(w),
        "unit_norm_3": unit_norm(cube, 1),
        "min_max_norm": min_max_norm(w, 0.0, 1.0, 1.0, 0),
        "min_max_norm_3": min_max_norm(cube, 1.75, 2.25, 0.25, 2),
        "non_neg": w.clamp(min=0),
    })


if __name__ == "__main__":
    main()
