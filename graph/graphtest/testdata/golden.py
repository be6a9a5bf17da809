"""What the scripts that write golden numbers share: exact inputs and the file.

Run as a program, from the root of the project, it writes golden.npz beside
itself, by which the Go side checks its reader and its generator:

    /usr/bin/python3 graph/graphtest/testdata/golden.py
"""
import os

import numpy as np


def uniform(seed, shape, scale=1.0):
    """Numbers in [-scale, scale), the same bits here and in Go.

    Element k is the top 24 bits of SplitMix64's output k for the seed, as a
    multiple of 2^-23 in [-1, 1), times the scale. With a scale that is a power
    of two the numbers are exact in float32 too, so that a float32 test starts
    from the very same inputs.
    """
    k = np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint64)
    z = np.uint64(seed) + k * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    top = (z >> np.uint64(40)).astype(np.int64) - 2**23
    return (top / 2.0**23 * scale).reshape(shape)


def save(script, name, arrays):
    """Writes name.npz beside the script: C order, float64 or int64 only.

    NumPy dates every entry 1980-01-01, so equal numbers are equal bytes.
    """
    out = {}
    for key, a in arrays.items():
        a = np.asarray(a.detach() if hasattr(a, "detach") else a)
        a = a.astype(np.int64 if a.dtype.kind in "iub" else np.float64)
        assert np.isfinite(a).all(), key
        out[key] = np.ascontiguousarray(a) if a.ndim else a
    path = os.path.join(os.path.dirname(os.path.abspath(script)), name + ".npz")
    np.savez_compressed(path, **out)


if __name__ == "__main__":
    save(__file__, "golden", {
        "number": np.float64(-2.5),
        "count": np.int64(-7),
        "counts": np.array([1, -2, 3]),
        "matrix": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 0.1]]),
        # long enough to reach the reader in several pieces
        "ramp": np.arange(50000.0).reshape(5, 100, 100),
        "uniform_0": uniform(0, 5),
        "uniform_1": uniform(1, (2, 3), 0.25),
        "uniform_large": uniform(2**64 - 1, 7, 0.3),
    })
