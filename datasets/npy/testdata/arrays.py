"""Writes arrays of NumPy, with values that npy_test.go works out again: element i, in
row-major order, is i - 5, or i (modulo 256 in a byte) where the type has no sign, or whether i is even.
Run it from the root of the project: /usr/bin/python3 datasets/npy/testdata/arrays.py
NumPy 1.24.
"""
import os

import numpy as np

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def array(dtype, shape):
    i = np.arange(int(np.prod(shape)))
    dtype = np.dtype(dtype)
    v = i % 2 == 0 if dtype.kind == "b" else i if dtype.kind == "u" else i - 5
    return v.astype(dtype).reshape(shape)


arrays = {}
for order in "<>":
    for kind in ["i2", "i4", "i8", "u2", "u4", "u8", "f4", "f8"]:
        arrays[("little_" if order == "<" else "big_") + kind] = array(order + kind, (2, 3, 4))
for kind in ["i1", "u1", "?"]:
    arrays["byte_" + kind.replace("?", "bool")] = array(kind, (2, 3, 4))
for shape in [(), (7,), (1, 3), (3, 1), (4, 3), (2, 1, 3), (2, 3, 4), (1, 1)]:
    name = "x".join(map(str, shape)) or "number"
    arrays["rows_" + name] = array("<f4", shape)
    arrays["columns_" + name] = np.asfortranarray(array("<f8", shape))
np.savez("arrays.npz", **arrays)
np.savez_compressed("compressed.npz", long=array("u1", (300, 100)), short=array("<i8", (2, 2)))

np.savez(
    "refused.npz",
    objects=np.array([1, "two"], dtype=object),
    complex=np.zeros(2, "complex64"),
    half=np.zeros(2, "float16"),
    text=np.array(["a", "bc"]),
    dates=np.zeros(2, "datetime64[s]"),
    records=np.zeros(2, [("a", "<f4"), ("b", "<i4")]),
    empty=np.zeros((0, 3), "float32"),
)
np.savez(
    "limits.npz",
    int_exact=np.array([2**24, -(2**24) - 2, 2**62, -(2**63)], "int64"),
    int_rounded=np.array([[1, 2], [3, 2**24 + 1]], "int64"),
    columns_rounded=np.asfortranarray(np.array([[1, 2, 3], [2**24 + 1, 5, 6]], "int32")),
    uint_rounded=np.array([2**64 - 1], "uint64"),
    large=np.array([1e39, 1.0]),
    not_finite=np.array([np.nan, np.inf, -np.inf, -0.0]),
)
for name, shape in [("plain", (4, 3)), ("vector", (5,)), ("cube", (2, 3, 4))]:
    np.save(f"{name}_f4.npy", array("<f4", shape))
    np.save(f"{name}_f8.npy", array("<f8", shape))
np.save("columns.npy", np.asfortranarray(array("<f4", (4, 3))))
np.save("labels.npy", array(">u2", (4,)))
np.save("holes.npy", np.array([[1, 2, 3], [4, np.nan, 6], [7, 8, 1e39], [0, 0, 0]]))
for version in [(2, 0), (3, 0)]:
    with open(f"version{version[0]}.npy", "wb") as f:
        np.lib.format.write_array(f, array("<f4", (4, 3)), version=version)
