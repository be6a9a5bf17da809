"""Golden sequences of the optimizers: Keras' formulas in plain NumPy, float64.

    /usr/bin/python3 train/optimizers/testdata/optimizers.py

writes optimizers.npz: 200 steps down a quadratic of two variables,

    loss = sum(a_curve (a - a_goal)^2) / 2 + sum(b_curve (b - b_goal)^2) / 2

so that the gradient is curve (variable - goal). Keys: for each variable a
[2, 3] and b [4] its a_start, a_curve, a_goal; for each CASE below CASE_a
[steps, 2, 3] and CASE_b [steps, 4], the variables after each step. A case has
200 steps, or 20 where it ends with the name of a clipping.

    sgd                learning rate 0.25
    sgd_momentum       learning rate 0.25, momentum 0.5
    sgd_nesterov       the same with nesterov
    sgd_nesterov_decay learning rate 0.01, momentum 0.5, nesterov, weight decay 0.2
    adam               learning rate 0.1, beta 0.9 and 0.999, epsilon 1e-7
    adam_options       learning rate 0.05, beta 0.8 and 0.95, epsilon 0.01
    adam_amsgrad       adam with amsgrad and beta 0.9 and 0.5
    adam_decay         learning rate 0.01, weight decay 0.2
    adamw              learning rate 0.01, weight decay 0.004
    rmsprop            Keras' defaults: learning rate 0.001, rho 0.9, epsilon 1e-7
    rmsprop_options    learning rate 0.005, rho 0.8, epsilon 0.01
    rmsprop_momentum   learning rate 0.0002, momentum 0.5
    rmsprop_centered   learning rate 0.001, centered
    rmsprop_centered_momentum  learning rate 0.0002, momentum 0.5, centered
    rmsprop_decay      learning rate 0.0005, weight decay 0.2
    adagrad            learning rate 0.02, initial accumulator 0.1
    adagrad_options    learning rate 0.02, epsilon 0.01, initial accumulator 0
    adamax             learning rate 0.002, beta 0.9 and 0.999, epsilon 1e-7
    adamax_options     learning rate 0.005, beta 0.8 and 0.9, epsilon 0.01
    lion               learning rate 0.0005, beta 0.9 and 0.99
    lion_options       learning rate 0.002, beta 0.5 and 0.75, weight decay 0.5
    signum             learning rate 0.002, beta 0.9: a test's own optimizer
    nadam              learning rate 0.002, beta 0.9 and 0.999, epsilon 1e-7
    nadam_options      learning rate 0.005, beta 0.8 and 0.95, epsilon 0.01
    adadelta           learning rate 1, rho 0.95, epsilon 1e-7
    adadelta_options   learning rate 0.5, rho 0.8, epsilon 1e-4
    KIND_clipvalue     KIND sgd, sgd_momentum or adam: every entry of the
                       gradient clipped to [-0.5, 0.5]
    KIND_clipnorm      each variable's gradient scaled down to norm 0.75
    KIND_global_clipnorm  all gradients together scaled down to norm 1

Those of plain sgd and of adadelta are computed by torch.optim, whose formulas are
those of Keras. For adam, adamw, rmsprop, adagrad and adamax that holds with an
epsilon of zero; there KIND_torch is by torch.optim.

Every clipping changes the gradients of the first step, and not those of some
later one. Before anything is written the formulas are compared with torch.optim
where that means the same.
"""
import os
import sys

import numpy as np
import torch

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../graph/graphtest/testdata"))
import golden

STEPS = 200
CLIPPED = 20
PROBLEM = {
    "a_start": golden.uniform(5000, (2, 3)),
    "a_curve": 1.25 + golden.uniform(5001, (2, 3)),
    "a_goal": golden.uniform(5002, (2, 3)),
    "b_start": golden.uniform(5003, (4,)),
    "b_curve": 1.25 + golden.uniform(5004, (4,)),
    "b_goal": golden.uniform(5005, (4,)),
}


def sgd(learning_rate=0.25, momentum=0.0, nesterov=False):
    velocity = {}

    def update(name, w, g, step):
        if momentum == 0:
            return w - learning_rate * g
        velocity[name] = momentum * velocity.get(name, 0.0) - learning_rate * g
        if nesterov:
            return w + momentum * velocity[name] - learning_rate * g
        return w + velocity[name]

    return update


def adam(learning_rate=0.1, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False):
    m, v, largest = {}, {}, {}

    def update(name, w, g, step):
        m[name] = beta_1 * m.get(name, 0.0) + (1 - beta_1) * g
        v[name] = beta_2 * v.get(name, 0.0) + (1 - beta_2) * g**2
        second = v[name]
        if amsgrad:  # on v as it is, before any correction
            second = largest[name] = np.maximum(largest.get(name, 0.0), second)
        alpha = learning_rate * np.sqrt(1 - beta_2**step) / (1 - beta_1**step)
        return w - alpha * m[name] / (np.sqrt(second) + epsilon)

    return update


def rmsprop(learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False):
    velocity, average, moment = {}, {}, {}

    def update(name, w, g, step):
        velocity[name] = rho * velocity.get(name, 0.0) + (1 - rho) * g**2
        denominator = velocity[name] + epsilon
        if centered:
            average[name] = rho * average.get(name, 0.0) + (1 - rho) * g
            denominator = velocity[name] - average[name] ** 2 + epsilon
        increment = learning_rate * g / np.sqrt(denominator)
        if momentum > 0:
            moment[name] = increment = momentum * moment.get(name, 0.0) + increment
        return w - increment

    return update


def adagrad(learning_rate=0.02, epsilon=1e-7, initial=0.1):
    total = {}

    def update(name, w, g, step):
        total[name] = total.get(name, initial) + g**2
        return w - learning_rate * g / np.sqrt(total[name] + epsilon)

    return update


def adadelta(learning_rate=1.0, rho=0.95, epsilon=1e-7):
    squares, deltas = {}, {}

    def update(name, w, g, step):
        squares[name] = rho * squares.get(name, 0.0) + (1 - rho) * g**2
        before = deltas.get(name, 0.0)
        delta = np.sqrt(before + epsilon) / np.sqrt(squares[name] + epsilon) * g
        deltas[name] = rho * before + (1 - rho) * delta**2
        return w - learning_rate * delta

    return update


def adamax(learning_rate=0.002, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m, u = {}, {}

    def update(name, w, g, step):
        m[name] = beta_1 * m.get(name, 0.0) + (1 - beta_1) * g
        u[name] = np.maximum(beta_2 * u.get(name, 0.0), abs(g))
        return w - learning_rate / (1 - beta_1**step) * m[name] / (u[name] + epsilon)

    return update


def nadam(learning_rate=0.002, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m, v, products = {}, {}, {}

    def update(name, w, g, step):
        now, later = (beta_1 * (1 - 0.5 * 0.96**t) for t in (step, step + 1))
        product = products[name] = products.get(name, 1.0) * now
        m[name] = beta_1 * m.get(name, 0.0) + (1 - beta_1) * g
        v[name] = beta_2 * v.get(name, 0.0) + (1 - beta_2) * g**2
        first = later * m[name] / (1 - product * later) + (1 - now) * g / (1 - product)
        return w - learning_rate * first / (np.sqrt(v[name] / (1 - beta_2**step)) + epsilon)

    return update


def lion(learning_rate=0.0005, beta_1=0.9, beta_2=0.99):
    m = {}

    def update(name, w, g, step):
        before = m.get(name, 0.0)
        m[name] = beta_2 * before + (1 - beta_2) * g
        return w - learning_rate * np.sign(beta_1 * before + (1 - beta_1) * g)

    return update


def signum(learning_rate=0.002, beta=0.9):
    m = {}

    def update(name, w, g, step):
        m[name] = beta * m.get(name, 0.0) + (1 - beta) * g
        return w - learning_rate * np.sign(m[name])

    return update


def decayed(update, learning_rate, weight_decay):
    """Keras' decoupled weight decay, before the update."""
    return lambda name, w, g, step: update(name, w - w * weight_decay * learning_rate, g, step)


def no_clip(gradients):
    return gradients


def clipvalue(gradients):
    return {name: np.clip(g, -0.5, 0.5) for name, g in gradients.items()}


def clipnorm(gradients):
    return {name: g * 0.75 / max(np.sqrt((g**2).sum()), 0.75) for name, g in gradients.items()}


def global_clipnorm(gradients):
    norm = np.sqrt(sum((g**2).sum() for g in gradients.values()))
    return {name: g * 1.0 / max(norm, 1.0) for name, g in gradients.items()}


def run(update, clip=no_clip, steps=STEPS):
    """The variables after each step, and whether each step was clipped."""
    w = {name: PROBLEM[name + "_start"] for name in "ab"}
    path, clipped = {"a": [], "b": []}, []
    for step in range(1, steps + 1):
        raw = {name: PROBLEM[name + "_curve"] * (w[name] - PROBLEM[name + "_goal"]) for name in w}
        gradients = clip(raw)
        clipped.append(any((abs(gradients[name]) < abs(raw[name]) - 1e-12).any() for name in w))
        for name in w:
            w[name] = update(name, w[name], gradients[name], step)
            path[name].append(w[name])
    return {name: np.stack(p) for name, p in path.items()}, clipped


def run_torch(optimizer, steps=STEPS, **options):
    """The variables after each step."""
    w = {name: torch.tensor(PROBLEM[name + "_start"], requires_grad=True) for name in "ab"}
    optimizer = optimizer(w.values(), **options)
    path = {"a": [], "b": []}
    for _ in range(steps):
        optimizer.zero_grad()
        for name, v in w.items():
            curve, goal = (torch.tensor(PROBLEM[name + part]) for part in ("_curve", "_goal"))
            ((curve * (v - goal) ** 2).sum() / 2).backward()
        optimizer.step()
        for name, v in w.items():
            path[name].append(v.detach().numpy().copy())
    return {name: np.stack(p) for name, p in path.items()}


def close(ours, theirs, what, tolerance=1e-12):
    for name in ours:
        assert np.allclose(ours[name], theirs[name], rtol=0, atol=tolerance), what
    return theirs


def by_torch():
    """Cases that torch.optim computes; the formulas are held to all of them."""
    plain = dict(optimizer=torch.optim.SGD, lr=0.25)
    adaptive = dict(optimizer=torch.optim.Adam, lr=0.1, eps=0.0)
    amsgrad = dict(betas=(0.9, 0.5), amsgrad=True)
    decay = dict(optimizer=torch.optim.AdamW, lr=0.01, weight_decay=0.1, eps=0.0)
    rms = dict(optimizer=torch.optim.RMSprop, alpha=0.9, eps=0.0)
    # With momentum the learning rate of rmsprop is so small that no variable reaches
    # its goal, near which a step depends on the rounding of gradients.
    cases = {
        "sgd": (sgd(), plain),
        "sgd_momentum": (sgd(momentum=0.5), dict(plain, momentum=0.5)),
        "sgd_nesterov": (sgd(momentum=0.5, nesterov=True), dict(plain, momentum=0.5, nesterov=True)),
        "adam_torch": (adam(epsilon=0.0), adaptive),
        "adam_torch_amsgrad": (adam(epsilon=0.0, beta_2=0.5, amsgrad=True), dict(adaptive, **amsgrad)),
        "adamw_torch": (decayed(adam(0.01, epsilon=0.0), 0.01, 0.1), decay),
        "adamw_torch_amsgrad": (decayed(adam(0.01, epsilon=0.0, beta_2=0.5, amsgrad=True), 0.01, 0.1), dict(decay, **amsgrad)),
        "rmsprop_torch": (rmsprop(0.001, epsilon=0.0), dict(rms, lr=0.001)),
        "rmsprop_torch_momentum": (rmsprop(0.0002, momentum=0.5, epsilon=0.0), dict(rms, lr=0.0002, momentum=0.5)),
        "rmsprop_torch_centered": (rmsprop(0.001, centered=True, epsilon=0.0), dict(rms, lr=0.001, centered=True)),
        "adagrad_torch": (adagrad(0.02, 0.0, 0.5), dict(optimizer=torch.optim.Adagrad, lr=0.02, eps=0.0, initial_accumulator_value=0.5)),
        "adamax_torch": (adamax(0.002, epsilon=0.0), dict(optimizer=torch.optim.Adamax, lr=0.002, eps=0.0)),
        "adadelta": (adadelta(), dict(optimizer=torch.optim.Adadelta, lr=1.0, rho=0.95, eps=1e-7)),
        "adadelta_options": (adadelta(0.5, 0.8, 1e-4), dict(optimizer=torch.optim.Adadelta, lr=0.5, rho=0.8, eps=1e-4)),
    }
    return {case: close(run(update)[0], run_torch(**options), case) for case, (update, options) in cases.items()}


def main():
    cases = by_torch()
    # PyTorch keeps the product of the momenta of NAdam in float32, and multiplies it by
    # a momentum twice without foreach.
    theirs = run_torch(torch.optim.NAdam, lr=0.002, eps=1e-7, momentum_decay=1.0, foreach=True)
    close(run(nadam())[0], theirs, "nadam", 1e-6)
    for case, update in {
        "sgd_nesterov_decay": decayed(sgd(0.01, 0.5, True), 0.01, 0.2),
        "adam": adam(),
        "adam_options": adam(0.05, 0.8, 0.95, 0.01),
        "adam_amsgrad": adam(beta_2=0.5, amsgrad=True),
        "adam_decay": decayed(adam(0.01), 0.01, 0.2),
        "adamw": decayed(adam(0.01), 0.01, 0.004),
        "rmsprop": rmsprop(),
        "rmsprop_options": rmsprop(0.005, 0.8, 0.0, 0.01),
        "rmsprop_momentum": rmsprop(0.0002, momentum=0.5),
        "rmsprop_centered": rmsprop(centered=True),
        "rmsprop_centered_momentum": rmsprop(0.0002, momentum=0.5, centered=True),
        "rmsprop_decay": decayed(rmsprop(0.0005), 0.0005, 0.2),
        "adagrad": adagrad(),
        "adagrad_options": adagrad(0.02, 0.01, 0.0),
        "adamax": adamax(),
        "adamax_options": adamax(0.005, 0.8, 0.9, 0.01),
        "nadam": nadam(),
        "nadam_options": nadam(0.005, 0.8, 0.95, 0.01),
        "lion": lion(),
        "lion_options": decayed(lion(0.002, 0.5, 0.75), 0.002, 0.5),
        "signum": signum(),
    }.items():
        cases[case] = run(update)[0]
    for clip in (clipvalue, clipnorm, global_clipnorm):
        for kind, update in (("sgd", sgd()), ("sgd_momentum", sgd(momentum=0.5)), ("adam", adam())):
            path, clipped = run(update, clip, CLIPPED)
            assert clipped[0] and not all(clipped), (kind, clip.__name__)
            cases[kind + "_" + clip.__name__] = path
    found = dict(PROBLEM)
    for case, path in cases.items():
        found[case + "_a"], found[case + "_b"] = path["a"], path["b"]
    golden.save(__file__, "optimizers", found)


if __name__ == "__main__":
    main()
