"""Golden values and gradients of cross-entropies of logits, from PyTorch 1.13 in float64.

    /usr/bin/python3 train/losses/testdata/logits.py

writes logits.npz. Logits are [3, 4, 7]: one line saturates, and one
class of another cannot be. Losses are [3, 4]. The total is their sum, and its
gradient is the one to the logits.

Keys: logits, with -1e300 for minus infinity; classes [3, 4]; shares, targets
[3, 4, 7]; mask [3, 4], 0 at padding; class_weights [7]; and for NAME of
    plain           classes
    masked          classes, where padding is PyTorch's ignore_index
    weighted        classes, each loss times the weight of its class
    masked_weighted both
    smooth          classes with a label smoothing of 0.1, without the class that cannot be
    shares_smooth   shares with the same
    shares_masked   shares, each loss times the mask
NAME_steps [3, 4], NAME_total and NAME_grad [3, 4, 7].
"""
import os
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../graph/graphtest/testdata"))
import golden

CLASSES = 7
LEAST = -1e300


def main():
    logits = torch.from_numpy(golden.uniform(6200, (3, 4, CLASSES), 8.0))
    logits[0, 1] = torch.tensor([64.0, -64.0, 0.0, 60.0, 30.0, -40.0, 64.0])
    classes = torch.tensor([[2, 3, 6, 0], [0, 5, 1, 1], [4, 4, 0, 6]])
    shares = F.one_hot(classes, CLASSES).double()
    shares[1, 2] = torch.tensor([0.5, 0.25, 0.125, 0.125, 0.0, 0.0, 0.0])
    shares[2, 0] = torch.full((CLASSES,), 0.125)
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]]).double()
    weights = torch.tensor([1.0, 0.5, 2.0, 0.0, 4.0, 0.25, 1.5]).double()
    ignored = torch.where(mask == 1, classes, -100)
    excluded = logits.clone()
    excluded[1, 0, 3] = -torch.inf  # not a target

    def cross(z, t, **options):
        t = t.reshape(-1, CLASSES) if t.dim() == 3 else t.reshape(-1)
        return F.cross_entropy(z.reshape(-1, CLASSES), t, reduction="none", **options).reshape(3, 4)

    losses = {
        "plain": (excluded, lambda z: cross(z, classes)),
        "masked": (excluded, lambda z: cross(z, ignored)),
        "weighted": (excluded, lambda z: cross(z, classes, weight=weights)),
        "masked_weighted": (excluded, lambda z: cross(z, ignored, weight=weights)),
        "smooth": (logits, lambda z: cross(z, classes, label_smoothing=0.1)),
        "shares_smooth": (logits, lambda z: cross(z, shares, label_smoothing=0.1)),
        "shares_masked": (logits, lambda z: cross(z, shares) * mask),
    }
    found = {"logits": excluded.clip(min=LEAST), "classes": classes, "shares": shares, "mask": mask, "class_weights": weights}
    for name, (z, loss) in losses.items():
        z = z.clone().requires_grad_()
        steps = loss(z)
        found[name + "_steps"], found[name + "_total"] = steps, steps.sum()
        (found[name + "_grad"],) = torch.autograd.grad(steps.sum(), z)
    golden.save(__file__, "logits", found)


if __name__ == "__main__":
    main()
