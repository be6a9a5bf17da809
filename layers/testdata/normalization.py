"""Golden values of the normalization layers, from PyTorch in float64.

    /usr/bin/python3 layers/testdata/normalization.py

writes normalization_layer.npz and normalization_batch.npz. Every key begins
with the name of a case. With uniform of golden.py (Uniform of graphtest in Go),
the seed s of the case and the shape of its x:

    x                      uniform(s,     shape, 2)
    gamma                  uniform(s + 1, sizes, 1), of the sizes of the axes
    beta                   uniform(s + 2, sizes, 1)
    weights of the loss r  uniform(s + 3, shape, 1)

    loss = sum(output * r)

Keys of both: seed, shape, axis, epsilon, output, grad_x, grad_gamma, grad_beta.
PyTorch has the layer for axes at the end, and for features at axis 1; elsewhere
the axes are moved there and back.

In normalization_batch, output and gradients are those of training. Three
batches, uniform(s + 4 + i, shape, 2) for i = 0, 1, 2, move the averages: moving
[3, 2, features], mean and variance after each, from 0 and 1, with the momentum
of the case. inferred is the output for x after the third. Keras moves towards
the variance that is divided by n, and by its momentum; PyTorch by n - 1 and by
1 - momentum. So the averages are written out, and held to PyTorch's where they
mean the same. A case with a mask [2, 3] leaves out the steps where it is 0 by
Keras' formulas, which add 1e-7 to the number of those that count.
"""
import os
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../graph/graphtest/testdata"))
import golden


def draw(seed, shape, scale=1.0):
    return torch.from_numpy(golden.uniform(seed, tuple(shape), scale))


def inputs(seed, shape, axes):
    """x, gamma and beta, ready for gradients, and the weights of the loss."""
    sizes = [shape[a] for a in axes]
    x, gamma, beta = draw(seed, shape, 2.0), draw(seed + 1, sizes), draw(seed + 2, sizes)
    return [v.requires_grad_() for v in (x, gamma, beta)], draw(seed + 3, shape)


def results(name, seed, shape, axes, epsilon, f):
    (x, gamma, beta), r = inputs(seed, shape, axes)
    y = f(x, gamma, beta)
    (y * r).sum().backward()
    found = dict(seed=seed, shape=shape, axis=axes, epsilon=epsilon, output=y,
                 grad_x=x.grad, grad_gamma=gamma.grad, grad_beta=beta.grad)
    return {f"{name}_{key}": v for key, v in found.items()}


def layer_norm(x, gamma, beta, axes, epsilon):
    order = [a for a in range(x.dim()) if a not in axes] + list(axes)
    moved = x.permute(order)
    y = F.layer_norm(moved, gamma.shape, gamma, beta, epsilon)
    return y.permute([order.index(a) for a in range(x.dim())])


LAYER = {  # shape, axes, epsilon
    "last": ((2, 3, 5), [2], 1e-3),
    "flat": ((4, 3), [1], 1e-3),
    "two": ((2, 3, 4), [1, 2], 1e-3),
    "middle": ((2, 3, 4), [1], 1e-3),
    "apart": ((2, 3, 2, 4), [1, 3], 0.5),
    "early": ((2, 3, 4, 2), [1], 1e-3),
}


def moments(x, axis, mask=None):
    """Mean and variance of each feature, and how many numbers they are of."""
    others = [a for a in range(x.dim()) if a != axis]
    n = x.numel() // x.shape[axis]
    if mask is None:
        mean = x.mean(others, keepdim=True)
        return mean, ((x - mean) ** 2).mean(others, keepdim=True), n
    m = mask[..., None].expand_as(x)
    n = m.sum(others, keepdim=True) + 1e-7
    mean = (x * m).sum(others, keepdim=True) / n
    return mean, ((x - mean) ** 2 * m).sum(others, keepdim=True) / n, n


def normalize(x, mean, variance, gamma, beta, axis, epsilon):
    wide = [-1 if a == axis else 1 for a in range(x.dim())]
    return (x - mean) / torch.sqrt(variance + epsilon) * gamma.reshape(wide) + beta.reshape(wide)


def batch_norm(x, gamma, beta, axis, epsilon, mask=None):
    mean, variance, _ = moments(x, axis, mask)
    y = normalize(x, mean, variance, gamma, beta, axis, epsilon)
    if mask is None:
        theirs = F.batch_norm(x.transpose(1, axis), None, None, gamma, beta, True, 0.1, epsilon).transpose(1, axis)
        assert torch.allclose(y, theirs, rtol=0, atol=1e-13)
    return y


def moving(seed, shape, axis, momentum, mask=None):
    """The averages after each of three batches."""
    wide = [shape[axis] if a == axis else 1 for a in range(len(shape))]
    mean, variance = torch.zeros(wide, dtype=torch.float64), torch.ones(wide, dtype=torch.float64)
    their_mean, their_variance = mean.reshape(-1).clone(), variance.reshape(-1).clone()
    found = []
    for i in range(3):
        x = draw(seed + 4 + i, shape, 2.0)
        m, v, n = moments(x, axis, mask)
        mean, variance = mean * momentum + m * (1 - momentum), variance * momentum + v * (1 - momentum)
        found.append(torch.stack([mean.reshape(-1), variance.reshape(-1)]))
        if mask is None:
            before = their_variance.clone()
            F.batch_norm(x.transpose(1, axis), their_mean, their_variance, None, None, True, 1 - momentum)
            assert torch.allclose(their_mean, found[-1][0], rtol=0, atol=1e-13)
            step = (their_variance - before * momentum) * (n - 1) / n
            assert torch.allclose(step, v.reshape(-1) * (1 - momentum), rtol=0, atol=1e-13)
    return torch.stack(found), mean, variance


MASK = torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]], dtype=torch.float64)
BATCH = {  # shape, axis, epsilon, momentum, mask
    "last": ((2, 3, 4), 2, 1e-3, 0.99, None),
    "flat": ((5, 3), 1, 1e-3, 0.5, None),
    "middle": ((2, 3, 4), 1, 0.5, 0.9, None),
    "mask": ((2, 3, 4), 2, 1e-3, 0.75, MASK),
    "mask_middle": ((2, 3, 4), 1, 1e-3, 0.75, MASK),
    "mask_none": ((2, 3, 4), 2, 1e-3, 0.75, torch.zeros_like(MASK)),
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    found = {}
    for i, (name, (shape, axes, epsilon)) in enumerate(LAYER.items()):
        found.update(results(name, 8000 + 100 * i, shape, axes, epsilon,
                             lambda x, gamma, beta: layer_norm(x, gamma, beta, axes, epsilon)))
    golden.save(__file__, "normalization_layer", found)

    found = {}
    for i, (name, (shape, axis, epsilon, momentum, mask)) in enumerate(BATCH.items()):
        seed = 9000 + 100 * i
        found.update(results(name, seed, shape, [axis], epsilon,
                             lambda x, gamma, beta: batch_norm(x, gamma, beta, axis, epsilon, mask)))
        averages, mean, variance = moving(seed, shape, axis, momentum, mask)
        (x, gamma, beta), _ = inputs(seed, shape, [axis])
        found.update({f"{name}_momentum": momentum, f"{name}_moving": averages,
                      f"{name}_inferred": normalize(x, mean, variance, gamma, beta, axis, epsilon)})
        if mask is not None:
            found[f"{name}_mask"] = mask
    golden.save(__file__, "normalization_batch", found)
