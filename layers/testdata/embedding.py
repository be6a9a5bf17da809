"""Golden values of the Embedding layer, from PyTorch in float64.

    /usr/bin/python3 layers/testdata/embedding.py

writes embedding.npz: 7 rows of 3 numbers, of which 2 x 5 are looked up; row 0
four times, row 6 twice, rows 3 and 5 never. With uniform of golden.py (Uniform
of graphtest in Go) and the seed s of the file:

    embeddings             uniform(s,     [7, 3],    1)
    weights of the loss r  uniform(s + 1, [2, 5, 3], 1)

    loss = sum(output^2 * r)

Keys: seed, x [2, 5], output [2, 5, 3], grad_embeddings [7, 3].
"""
import os
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../graph/graphtest/testdata"))
import golden

SEED = 7000

if __name__ == "__main__":
    table = torch.from_numpy(golden.uniform(SEED, (7, 3))).requires_grad_()
    r = torch.from_numpy(golden.uniform(SEED + 1, (2, 5, 3)))
    x = torch.tensor([[0, 6, 1, 0, 0], [2, 0, 4, 6, 1]])
    y = F.embedding(x, table)
    (y**2 * r).sum().backward()
    golden.save(__file__, "embedding", dict(seed=SEED, x=x, output=y, grad_embeddings=table.grad))
