"""Losses over masked and weighted steps, and their gradients, from PyTorch in float64.

    /usr/bin/python3 train/testdata/masked.py

writes masked.npz. The model is y = x·kernel + bias on every step. Masks and
weights are put together as Keras 3 does it (reduction "sum_over_batch_size"):
where there is a mask, steps that count weigh total/valid and the others 0; that
times the weights times the losses is averaged over all steps. Weights of
samples go for all their steps.

With uniform of golden.py (Uniform of graphtest in Go):

    x       uniform(7000, [4, 5, 3], 1)
    kernel  uniform(7001, [3, 4], 0.5)     bias  uniform(7002, [4], 0.5)
    target  uniform(7003, [4, 5, 4], 1) of mse; of sparse their largest places

Keys: lengths [4], the steps of each sample that are not masked; classes [4, 5];
samples [4] and steps [4, 5], weights; and for LOSS of mse and sparse (from
logits), MASK of masked and whole, WEIGHTS of none, samples and steps:
LOSS_MASK_WEIGHTS, one number, and with _kernel and _bias its gradients.
"""
import os
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../graph/graphtest/testdata"))
import golden

B, T, D, C = 4, 5, 3, 4


def main():
    x = torch.from_numpy(golden.uniform(7000, (B, T, D)))
    target = torch.from_numpy(golden.uniform(7003, (B, T, C)))
    classes = target.argmax(-1)
    lengths = torch.tensor([5, 2, 0, 3])
    mask = (torch.arange(T)[None, :] < lengths[:, None]).double()
    weights = {
        "none": torch.ones(B, T).double(),
        "samples": torch.tensor([1.0, 0.5, 2.0, 0.25]).double()[:, None].expand(B, T),
        "steps": torch.from_numpy(golden.uniform(7004, (B, T), 0.5)) + 0.5,
    }
    found = {"lengths": lengths, "classes": classes, "samples": weights["samples"][:, 0], "steps": weights["steps"]}
    losses = {
        "mse": lambda y: F.mse_loss(y, target, reduction="none").mean(-1),
        "sparse": lambda y: F.cross_entropy(y.reshape(-1, C), classes.reshape(-1), reduction="none").reshape(B, T),
    }
    masks = {"masked": mask * (mask.numel() / mask.sum()), "whole": torch.ones(B, T).double()}
    for loss, each in losses.items():
        for m, mask_weight in masks.items():
            for w, weight in weights.items():
                kernel = torch.from_numpy(golden.uniform(7001, (D, C), 0.5)).requires_grad_()
                bias = torch.from_numpy(golden.uniform(7002, (C,), 0.5)).requires_grad_()
                value = (each(x @ kernel + bias) * mask_weight * weight).mean()
                name = f"{loss}_{m}_{w}"
                found[name] = value
                found[name + "_kernel"], found[name + "_bias"] = torch.autograd.grad(value, (kernel, bias))
    golden.save(__file__, "masked", found)


if __name__ == "__main__":
    main()
