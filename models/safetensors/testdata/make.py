"""Writes golden.safetensors by the text of the format alone, with struct, json
and numpy: /usr/bin/python3 models/safetensors/testdata/make.py

The numbers follow formulas that the Go test repeats. The header has the form
that Engram writes: names sorted, no spaces, padded to a multiple of 8 bytes.
With a file as argument, it reads that file instead and prints what it holds.
"""

import json
import os
import struct
import sys

import numpy as np

DTYPES = {"F32": "<f4", "F64": "<f8"}


def tensors():
    odd = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1.7976931348623157e308], "<f8")
    return {
        "dense/bias": np.array([0.1], "<f4"),
        "lstm/kernel": (np.arange(24, dtype="<f4") / 7 - 1).astype("<f4").reshape(2, 3, 4),
        "odd \"é\"\n<&>": odd,
        "scalar": np.array(2.5, "<f8"),
        "step": (np.arange(6, dtype="<f8") / 3).reshape(3, 2),
    }


def encode(tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name in sorted(tensors):
        t = tensors[name]
        dtype = {"<f4": "F32", "<f8": "F64"}[t.dtype.str]
        raw = t.tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": list(t.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def decode(raw):
    (n,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + n])
    metadata = header.pop("__metadata__", {})
    out = {}
    for name, t in header.items():
        begin, end = (8 + n + o for o in t["data_offsets"])
        out[name] = np.frombuffer(raw[begin:end], DTYPES[t["dtype"]]).reshape(t["shape"])
    return out, metadata


if __name__ == "__main__":
    if len(sys.argv) > 1:
        with open(sys.argv[1], "rb") as f:
            found, metadata = decode(f.read())
        print(metadata)
        for name, t in sorted(found.items()):
            print(repr(name), t.dtype, t.shape, t.ravel()[:4])
        sys.exit()
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "golden.safetensors"), "wb") as f:
        f.write(encode(tensors(), {"format": "engram", "note": "a \"b\" <c>"}))
