"""Golden values and gradients of the losses, from PyTorch in float64.

    /usr/bin/python3 train/losses/testdata/losses.py

writes losses.npz. A loss is the mean over the last axis, one number a sample,
and then the mean over the batch; with sample weights it is
sum(weight * sample's loss) / batch, as in Keras' sum_over_batch_size.

Keys: prediction and target [6, 3], weights [6]; for each NAME of mse, mae,
huber (delta 1) and huber_half (delta 0.5): NAME_samples [6], NAME (one
number), NAME_grad [6, 3], the gradient to the prediction, and with the sample
weights NAME_weighted and NAME_weighted_grad. One error is exactly 0, two are
exactly the deltas; there the derivatives are 0 (of mae) and the common one of
both sides (of huber).
"""
import os
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../graph/graphtest/testdata"))
import golden

LOSSES = {
    "mse": F.mse_loss,
    "mae": F.l1_loss,
    "huber": lambda p, y, reduction: F.huber_loss(p, y, reduction=reduction, delta=1.0),
    "huber_half": lambda p, y, reduction: F.huber_loss(p, y, reduction=reduction, delta=0.5),
}


def main():
    prediction = torch.from_numpy(golden.uniform(6000, (6, 3), 2.0))
    target = torch.from_numpy(golden.uniform(6001, (6, 3)))
    for column, error in enumerate((0.0, 1.0, -0.5)):
        target[2, column] = prediction[2, column] - error
    weights = torch.tensor([1.0, 0.5, 2.0, 0.0, 1.5, 0.25], dtype=torch.float64)
    found = {"prediction": prediction, "target": target, "weights": weights}
    for name, loss in LOSSES.items():
        p = prediction.clone().requires_grad_()
        samples = loss(p, target, reduction="none").mean(dim=-1)
        for suffix, value in (("", samples.mean()), ("_weighted", (samples * weights).mean())):
            found[name + suffix] = value
            (found[name + suffix + "_grad"],) = torch.autograd.grad(value, p, retain_graph=True)
        found[name + "_samples"] = samples
    golden.save(__file__, "losses", found)


if __name__ == "__main__":
    main()
