"""Golden values and gradients of CTC, from PyTorch's ctc_loss in float64.

    /usr/bin/python3 train/losses/testdata/ctc.py

writes ctc.npz. Keys: logits [4, 12, 6], mask [4, 12], which is 1 in the first steps of a
sample; first [4, 4], labels with 0 for the blank, and last [4, 4], with 5 for the blank; each
filled up with its blank. For NAME of first and last: NAME_samples [4], NAME_total (their mean)
and NAME_grad [4, 12, 6]. The second sample has one step more than its labels need.
"""
import os
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../graph/graphtest/testdata"))
import golden


def main():
    logits = torch.from_numpy(golden.uniform(6300, (4, 12, 6), 3.0))
    logits[1, 3] *= 20
    steps = torch.tensor([12, 8, 5, 7])
    labels = torch.tensor([[1, 2, 2, 4], [3, 3, 3, 3], [2, 0, 0, 0], [0, 0, 0, 0]])
    lengths = torch.tensor([4, 4, 1, 0])
    mask = (torch.arange(12)[None, :] < steps[:, None]).double()
    last = torch.where(labels == 0, 5, labels - 1)
    found = {"logits": logits, "mask": mask, "first": labels, "last": last}
    for name, wanted, blank in (("first", labels, 0), ("last", last, 5)):
        z = logits.clone().requires_grad_()
        samples = F.ctc_loss(z.log_softmax(-1).transpose(0, 1), wanted, steps, lengths, blank=blank, reduction="none")
        found[name + "_samples"], found[name + "_total"] = samples, samples.mean()
        (found[name + "_grad"],) = torch.autograd.grad(samples.mean(), z)
    golden.save(__file__, "ctc", found)


if __name__ == "__main__":
    main()
