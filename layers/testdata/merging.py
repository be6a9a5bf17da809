"""The merge layers and Dot, computed by PyTorch in float64: merging.npz.

Inputs are not stored. With uniform of golden.py (Uniform of graphtest in Go),
input i of a case is uniform(s + i, its shape, 2), s the seed of the case, and
the weights of the loss are uniform(s + 9, the output's shape, 1):

    loss = sum(output * weights)

Keys, each behind the name of its case and "_": settings, which is [s]; output;
grad_0, grad_1 … of the loss to the inputs.
"""
import os
import sys

import torch

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../graph/graphtest/testdata"))
import golden


def reduce(f):
    def all_of(first, *rest):
        for x in rest:
            first = f(first, x)
        return first
    return all_of


def cosine(x, y):
    return torch.nn.functional.cosine_similarity(x, y, dim=1)[:, None]


def unit(x, dim):
    return x / torch.linalg.vector_norm(x, dim=dim, keepdim=True)


THREE = [(2, 3, 4)] * 3
BROAD = [(2, 3, 4), (2, 1, 4), (2, 3, 1)]
CASES = {
    "add": (reduce(torch.add), THREE),
    "add_broadcast": (reduce(torch.add), BROAD),
    "add_vector": (lambda x, v: x + v[:, None, :], [(2, 3, 4), (2, 4)]),
    "subtract": (torch.sub, THREE[:2]),
    "multiply": (reduce(torch.mul), THREE),
    "multiply_broadcast": (reduce(torch.mul), BROAD),
    "average": (lambda *x: torch.stack(x).mean(0), THREE),
    "maximum": (reduce(torch.maximum), THREE),
    "minimum": (reduce(torch.minimum), THREE),
    "concatenate": (lambda *x: torch.cat(x, -1), [(2, 3, 4), (2, 3, 1), (2, 3, 2)]),
    "concatenate_steps": (lambda *x: torch.cat(x, 1), [(2, 3, 4), (2, 1, 4), (2, 2, 4)]),
    "dot": (lambda x, y: (x * y).sum(1, keepdim=True), [(2, 4), (2, 4)]),
    "dot_sequences": (lambda x, y: torch.einsum("bik,bjk->bij", x, y), [(2, 3, 4), (2, 5, 4)]),
    "dot_steps": (lambda x, y: torch.einsum("bki,bjk->bij", x, y), [(2, 3, 4), (2, 5, 3)]),
    "dot_vector": (lambda x, y: torch.einsum("bik,bk->bi", x, y), [(2, 3, 4), (2, 4)]),
    "dot_deep": (lambda x, y: torch.einsum("bikj,blmk->bijlm", x, y), [(2, 3, 4, 2), (2, 2, 3, 4)]),
    "dot_cosine": (cosine, [(2, 4), (2, 4)]),
    "dot_cosine_sequences": (lambda x, y: torch.einsum("bki,bjk->bij", unit(x, 1), unit(y, 2)), [(2, 3, 4), (2, 5, 3)]),
    "average_weighted": (lambda x, y, z: 0.5 * x + 0.2 * y + 0.3 * z, THREE),
}


def main():
    torch.set_num_threads(1)
    found = {}
    for number, (name, (f, shapes)) in enumerate(CASES.items()):
        s = 7000 + 10 * number
        inputs = [torch.from_numpy(golden.uniform(s + i, shape, 2.0)).requires_grad_() for i, shape in enumerate(shapes)]
        y = f(*inputs)
        (y * torch.from_numpy(golden.uniform(s + 9, y.shape, 1.0))).sum().backward()
        found[name + "_settings"] = [s]
        found[name + "_output"] = y
        found.update({f"{name}_grad_{i}": x.grad for i, x in enumerate(inputs)})
    golden.save(__file__, "merging", found)


if __name__ == "__main__":
    main()
