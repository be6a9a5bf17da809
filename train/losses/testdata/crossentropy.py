"""Golden values and gradients of the cross-entropies, from PyTorch in float64.

    /usr/bin/python3 train/losses/testdata/crossentropy.py

writes crossentropy.npz. All outputs are [2, 3, 4] and all losses [2, 3], one
number a sample and step. "total" is the mean of all losses, and its gradient
is the one to the output.

Inputs: logits, some of them large enough to saturate a sigmoid; probabilities,
not divided by their sum, some exactly 0 or 1; yes, targets in [0, 1] for the
binary loss; shares, targets for the categorical one, of which some are
one-hot; and classes [2, 3]. Probabilities are kept in [1e-7, 1 - 1e-7], as
Keras does, before PyTorch sees them.

Keys: logits, probabilities, yes, shares, classes; and for NAME of binary,
binary_logits, categorical, categorical_logits, sparse, sparse_logits, and the
first four with "_smooth", a label smoothing of 0.25; and for focal losses
binary_focal, with "_logits", with "_balanced" (alpha 0.6, gamma 1.5, smoothing
0.25) and with "_half" (gamma 0.5, of logits); categorical_focal, with "_logits",
and with "_classes" (alpha by class, gamma 1.5, smoothing 0.25, of logits):
NAME_steps [2, 3], NAME_total and NAME_grad [2, 3, 4].
"""
import os
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../graph/graphtest/testdata"))
import golden

SMOOTHING = 0.25
CLASSES = 4


def clip(p):
    return p.clip(1e-7, 1 - 1e-7)


def share(p):
    return clip(p / p.sum(-1, keepdim=True)).log().reshape(-1, CLASSES)


def binary(p, y):
    return F.binary_cross_entropy(clip(p), y, reduction="none").mean(-1)


def binary_logits(z, y):
    return F.binary_cross_entropy_with_logits(z, y, reduction="none").mean(-1)


def categorical(p, y):
    # PyTorch has no such loss of log-probabilities with soft targets.
    return -(share(p) * y.reshape(-1, CLASSES)).sum(-1).reshape(2, 3)


def binary_focal(log, rest, y, gamma=2.0, alpha=None):
    """From log p and log(1 - p)."""
    weight = 1.0 if alpha is None else y * alpha + (1 - y) * (1 - alpha)
    missed = y * rest.exp() + (1 - y) * log.exp()
    return (weight * missed ** gamma * -(y * log + (1 - y) * rest)).mean(-1)


def odds(p):
    return clip(p).log(), (1 - clip(p)).log()


def odds_of_logits(z):
    return F.logsigmoid(z), F.logsigmoid(-z)


def categorical_focal(log, y, gamma=2.0, alpha=0.25):
    rest = -torch.expm1(log)
    return -(alpha * rest ** gamma * y * log).sum(-1)


def main():
    logits = torch.from_numpy(golden.uniform(6100, (2, 3, CLASSES), 4.0))
    logits[0, 1] = torch.tensor([30.0, -40.0, 0.0, 100.0])
    probabilities = torch.from_numpy(golden.uniform(6101, (2, 3, CLASSES), 0.5)) + 0.5
    probabilities[0, 2] = torch.tensor([0.0, 1.0, 0.0, 0.0])
    probabilities[1, 0, 1] = 1.0
    yes = (torch.from_numpy(golden.uniform(6102, (2, 3, CLASSES))) > 0).double()
    yes[1, 1] = torch.tensor([0.25, 0.5, 0.75, 0.125])
    classes = torch.tensor([[2, 3, 1], [0, 3, 0]])
    shares = F.one_hot(classes, CLASSES).double()
    shares[1, 2] = torch.tensor([0.5, 0.25, 0.125, 0.125])
    smooth_yes = yes * (1 - SMOOTHING) + SMOOTHING / 2
    smooth_shares = shares * (1 - SMOOTHING) + SMOOTHING / CLASSES
    flat = classes.reshape(-1)
    by_class = torch.tensor([0.5, 0.25, 1.0, 2.0], dtype=torch.float64)

    losses = {
        "binary": lambda p, z: (p, binary(p, yes)),
        "binary_smooth": lambda p, z: (p, binary(p, smooth_yes)),
        "binary_logits": lambda p, z: (z, binary_logits(z, yes)),
        "binary_logits_smooth": lambda p, z: (z, binary_logits(z, smooth_yes)),
        "categorical": lambda p, z: (p, categorical(p, shares)),
        "categorical_smooth": lambda p, z: (p, categorical(p, smooth_shares)),
        "categorical_logits": lambda p, z: (z, F.cross_entropy(
            z.reshape(-1, CLASSES), shares.reshape(-1, CLASSES), reduction="none").reshape(2, 3)),
        "categorical_logits_smooth": lambda p, z: (z, F.cross_entropy(
            z.reshape(-1, CLASSES), shares.reshape(-1, CLASSES), reduction="none", label_smoothing=SMOOTHING).reshape(2, 3)),
        "sparse": lambda p, z: (p, F.nll_loss(share(p), flat, reduction="none").reshape(2, 3)),
        "sparse_logits": lambda p, z: (z, F.cross_entropy(z.reshape(-1, CLASSES), flat, reduction="none").reshape(2, 3)),
        "binary_focal": lambda p, z: (p, binary_focal(*odds(p), yes)),
        "binary_focal_logits": lambda p, z: (z, binary_focal(*odds_of_logits(z), yes)),
        "binary_focal_balanced": lambda p, z: (p, binary_focal(*odds(p), smooth_yes, 1.5, 0.6)),
        "binary_focal_half": lambda p, z: (z, binary_focal(*odds_of_logits(z), yes, 0.5)),
        "categorical_focal": lambda p, z: (p, categorical_focal(share(p).reshape(2, 3, CLASSES), shares)),
        "categorical_focal_logits": lambda p, z: (z, categorical_focal(z.log_softmax(-1), shares)),
        "categorical_focal_classes": lambda p, z: (
            z, categorical_focal(z.log_softmax(-1), smooth_shares, 1.5, by_class)),
    }
    found = {"logits": logits, "probabilities": probabilities, "yes": yes, "shares": shares, "classes": classes}
    for name, loss in losses.items():
        output, steps = loss(probabilities.clone().requires_grad_(), logits.clone().requires_grad_())
        found[name + "_steps"], found[name + "_total"] = steps, steps.mean()
        (found[name + "_grad"],) = torch.autograd.grad(steps.mean(), output)
    golden.save(__file__, "crossentropy", found)


if __name__ == "__main__":
    main()
