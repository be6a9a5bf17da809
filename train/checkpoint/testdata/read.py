"""Reads a checkpoint with struct, json and numpy alone, and prints what it holds, as JSON:
/usr/bin/python3 train/checkpoint/testdata/read.py FILE

So it wrote version1.json from version1.safetensors. Elements are their little-endian
bytes in hexadecimal, since JSON has no NaN.
"""

import hashlib
import json
import struct
import sys

import numpy as np

DTYPES = {"F32": "<f4", "F64": "<f8"}


def read(path):
    """The state, and all tensors by name."""
    with open(path, "rb") as f:
        raw = f.read()
    (n,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + n])
    metadata = header.pop("__metadata__")
    if metadata["engram_checkpoint"] != "1":
        raise ValueError(path + " is of a newer version")
    checksum = metadata["engram_checksum"].encode()
    if hashlib.sha256(raw.replace(checksum, b"0" * 64, 1)).hexdigest().encode() != checksum:
        raise ValueError(path + " is damaged")
    tensors = {}
    for name, t in header.items():
        begin, end = (8 + n + o for o in t["data_offsets"])
        tensors[name] = np.frombuffer(raw[begin:end], DTYPES[t["dtype"]]).reshape(t["shape"])
    return json.loads(metadata["engram_state"]), tensors


if __name__ == "__main__":
    state, tensors = read(sys.argv[1])
    found = {k: {"dtype": str(t.dtype), "shape": list(t.shape), "bytes": t.tobytes().hex()} for k, t in tensors.items()}
    print(json.dumps({"state": state, "tensors": found}, indent=1, sort_keys=True))
