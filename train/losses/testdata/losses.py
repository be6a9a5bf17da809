"""Golden values and gradients of the losses, from PyTorch in float64.

    /usr/bin/python3 train/losses/testdata/losses.py

writes losses.npz. A loss is the mean over the last axis, one number a sample,
and then the mean over the batch; with sample weights it is
sum(weight * sample's loss) / batch, as in Keras' sum_over_batch_size.

Keys: for each NAME of LOSSES below: NAME_samples [6], NAME (one number), NAME_grad, the
gradient to the prediction, and with the sample weights NAME_weighted and
NAME_weighted_grad; weights [6]; and what the predictions and targets are drawn from:

    prediction, target [6, 3]   one error is exactly 0, two are exactly the deltas of huber;
                                there the derivatives are 0 (of mae and quantile) and the
                                common one of both sides (of huber)
    positive, counts [6, 3]     positive numbers, one of them below 1e-7, and whole numbers
    near [6, 3]                 10 to 30 % above the positive numbers
    signs, yes [6, 3]           -1 and 1; 0 and 1
    shares, targets [6, 3]      probabilities, of targets some 0 or 1
    choices [6, 3]              one class of three
    pairs [6, 6], triples [6, 9]    the outputs of distributions and quantiles
"""
import os
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../graph/graphtest/testdata"))
import golden



def mean(loss):
    return lambda p, y: loss(p, y).mean(dim=-1)


def log_plus_one(x):
    return x.clip(min=1e-7).log1p()


def scale(x):
    return F.softplus(x) + 1e-6


def pinball(levels):
    def loss(p, y):
        d = y[:, :, None] - p.reshape(6, 3, len(levels))
        q = torch.tensor(levels, dtype=torch.float64)
        return (q * F.relu(d) + (1 - q) * F.relu(-d)).mean(dim=(1, 2))
    return loss


def gaussian(p, y):
    m, r = p.reshape(6, 3, 2).unbind(-1)
    return -torch.distributions.Normal(m, scale(r)).log_prob(y)


def student_t(p, y):
    m, r, s = p.reshape(6, 3, 3).unbind(-1)
    return -torch.distributions.StudentT(2 + scale(s), m, scale(r)).log_prob(y)


def negative_binomial(p, y):
    a, b = p.reshape(6, 3, 2).unbind(-1)
    mean, dispersion = scale(a), scale(b)
    return -torch.distributions.NegativeBinomial(1 / dispersion, logits=(dispersion * mean).log()).log_prob(y)


def categorical_hinge(p, y):
    return F.relu(((1 - y) * p).amax(-1) - (y * p).sum(-1) + 1)


LOSSES = {  # and the names of prediction and target
    "mse": (mean(lambda p, y: F.mse_loss(p, y, reduction="none")), "prediction", "target"),
    "mae": (mean(lambda p, y: F.l1_loss(p, y, reduction="none")), "prediction", "target"),
    "huber": (mean(lambda p, y: F.huber_loss(p, y, reduction="none", delta=1.0)), "prediction", "target"),
    "huber_half": (mean(lambda p, y: F.huber_loss(p, y, reduction="none", delta=0.5)), "prediction", "target"),
    "log_cosh": (mean(lambda p, y: torch.log(torch.cosh(p - y))), "prediction", "target"),
    "mape": (mean(lambda p, y: 100 * (p - y).abs() / y.abs().clip(min=1e-7)), "positive", "near"),
    "msle": (mean(lambda p, y: (log_plus_one(p) - log_plus_one(y)) ** 2), "positive", "counts"),
    "poisson": (mean(lambda p, y: F.poisson_nll_loss(p, y, log_input=False, eps=1e-7, reduction="none")), "shares", "counts"),
    "cosine": (lambda p, y: -F.cosine_similarity(p, y), "prediction", "target"),
    "hinge": (mean(lambda p, y: F.relu(1 - y * p)), "prediction", "signs"),
    "hinge_yes": (mean(lambda p, y: F.relu(1 - (2 * y - 1) * p)), "prediction", "yes"),
    "squared_hinge": (mean(lambda p, y: F.relu(1 - y * p) ** 2), "prediction", "signs"),
    "categorical_hinge": (categorical_hinge, "prediction", "choices"),
    "kl": (lambda p, y: F.kl_div(p.clip(1e-7, 1).log(), y.clip(1e-7, 1), reduction="none").sum(-1), "shares", "targets"),
    "quantile": (pinball([0.1, 0.5, 0.9]), "triples", "target"),
    "quantile_two": (pinball([0.05, 0.6]), "pairs", "target"),
    "gaussian": (mean(gaussian), "pairs", "target"),
    "student_t": (mean(student_t), "triples", "target"),
    "negative_binomial": (mean(negative_binomial), "pairs", "counts"),
}


def main():
    prediction = torch.from_numpy(golden.uniform(6000, (6, 3), 2.0))
    target = torch.from_numpy(golden.uniform(6001, (6, 3)))
    for column, error in enumerate((0.0, 1.0, -0.5)):
        target[2, column] = prediction[2, column] - error
    weights = torch.tensor([1.0, 0.5, 2.0, 0.0, 1.5, 0.25], dtype=torch.float64)
    positive = torch.from_numpy(golden.uniform(6010, (6, 3), 2.0)) + 2.0
    positive[1, 1] = 1e-8
    counts = (torch.from_numpy(golden.uniform(6011, (6, 3), 3.0)) + 3.0).floor()
    counts[4, 0] = 40.0
    yes = (torch.from_numpy(golden.uniform(6012, (6, 3))) > 0).double()
    shares = torch.from_numpy(golden.uniform(6013, (6, 3))).softmax(-1)
    targets = torch.from_numpy(golden.uniform(6014, (6, 3))).softmax(-1)
    targets[5] = torch.tensor([0.0, 1.0, 0.0])
    triples = torch.from_numpy(golden.uniform(6015, (6, 9), 3.0))
    triples[2, 1] = target[2, 0]
    found = {
        "prediction": prediction, "target": target, "weights": weights, "positive": positive, "counts": counts,
        "signs": 2 * yes - 1, "yes": yes, "shares": shares, "targets": targets,
        "near": positive * (1.2 + 0.1 * torch.from_numpy(golden.uniform(6017, (6, 3)))),
        "choices": F.one_hot(torch.tensor([0, 1, 2, 2, 0, 1]), 3).double(),
        "pairs": torch.from_numpy(golden.uniform(6016, (6, 6), 3.0)), "triples": triples,
    }
    for name, (loss, output, wanted) in LOSSES.items():
        p = found[output].clone().requires_grad_()
        samples = loss(p, found[wanted])
        for suffix, value in (("", samples.mean()), ("_weighted", (samples * weights).mean())):
            found[name + suffix] = value
            (found[name + suffix + "_grad"],) = torch.autograd.grad(value, p, retain_graph=True)
        found[name + "_samples"] = samples
    golden.save(__file__, "losses", found)


if __name__ == "__main__":
    main()
