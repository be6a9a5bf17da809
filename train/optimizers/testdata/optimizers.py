"""Golden sequences of the optimizers: Keras' formulas in plain NumPy, float64.

    /usr/bin/python3 train/optimizers/testdata/optimizers.py

writes optimizers.npz: 20 steps down a quadratic of two variables,

    loss = sum(a_curve (a - a_goal)^2) / 2 + sum(b_curve (b - b_goal)^2) / 2

so that the gradient is curve (variable - goal). Keys: for each variable a
[2, 3] and b [4] its a_start, a_curve, a_goal; for each CASE below CASE_a
[20, 2, 3] and CASE_b [20, 4], the variables after each step; of rmsprop 200 steps
instead of 20.

    sgd                learning rate 0.25
    sgd_momentum       learning rate 0.25, momentum 0.5
    sgd_nesterov       the same with nesterov
    adam               learning rate 0.1, beta 0.9 and 0.999, epsilon 1e-7
    adam_options       learning rate 0.05, beta 0.8 and 0.95, epsilon 0.01
    adam_amsgrad       adam with amsgrad and beta 0.9 and 0.5
    rmsprop            Keras' defaults: learning rate 0.001, rho 0.9, epsilon 1e-7
    rmsprop_options    learning rate 0.005, rho 0.8, epsilon 0.01
    rmsprop_momentum   learning rate 0.0002, momentum 0.5
    rmsprop_centered   learning rate 0.001, centered
    rmsprop_centered_momentum  learning rate 0.0002, momentum 0.5, centered
    rmsprop_torch, rmsprop_torch_momentum, rmsprop_torch_centered
                       the same by torch.optim, with an epsilon of zero, where
                       PyTorch's formula is that of Keras
    lion               learning rate 0.01, beta 0.9 and 0.99: a test's own optimizer
    KIND_clipvalue     KIND sgd, sgd_momentum or adam: every entry of the
                       gradient clipped to [-0.5, 0.5]
    KIND_clipnorm      each variable's gradient scaled down to norm 0.75
    KIND_global_clipnorm  all gradients together scaled down to norm 1

Every clipping changes the gradients of the first step, and not those of some
later one. Before anything is written the formulas are compared with torch.optim
where that means the same: SGD, and Adam and RMSprop with an epsilon of zero.
"""
import os
import sys

import numpy as np
import torch

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../graph/graphtest/testdata"))
import golden

STEPS = 20
LONG = 200
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


def lion(learning_rate=0.01, beta_1=0.9, beta_2=0.99):
    m = {}

    def update(name, w, g, step):
        before = m.get(name, 0.0)
        m[name] = beta_2 * before + (1 - beta_2) * g
        return w - learning_rate * np.sign(beta_1 * before + (1 - beta_1) * g)

    return update


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


def hold_to_torch():
    plain = dict(optimizer=torch.optim.SGD, lr=0.25)
    adaptive = dict(optimizer=torch.optim.Adam, lr=0.1, eps=0.0)
    pairs = [
        (sgd(), plain),
        (sgd(momentum=0.5), dict(plain, momentum=0.5)),
        (sgd(momentum=0.5, nesterov=True), dict(plain, momentum=0.5, nesterov=True)),
        (adam(epsilon=0.0), adaptive),
        (adam(epsilon=0.0, beta_2=0.5, amsgrad=True), dict(adaptive, betas=(0.9, 0.5), amsgrad=True)),
    ]
    for update, options in pairs:
        ours, theirs = run(update)[0], run_torch(**options)
        for name in ours:
            assert np.allclose(ours[name], theirs[name], rtol=0, atol=1e-12), options


# With momentum the learning rate is so small that no variable reaches its goal,
# near which a step depends on the rounding of gradients.
RMSPROP_TORCH = {"": (0.001, {}), "_momentum": (0.0002, {"momentum": 0.5}), "_centered": (0.001, {"centered": True})}


def main():
    hold_to_torch()
    cases = {
        "sgd": run(sgd())[0],
        "sgd_momentum": run(sgd(momentum=0.5))[0],
        "sgd_nesterov": run(sgd(momentum=0.5, nesterov=True))[0],
        "adam": run(adam())[0],
        "adam_options": run(adam(0.05, 0.8, 0.95, 0.01))[0],
        "adam_amsgrad": run(adam(beta_2=0.5, amsgrad=True))[0],
        "rmsprop": run(rmsprop(), steps=LONG)[0],
        "rmsprop_options": run(rmsprop(0.005, 0.8, 0.0, 0.01), steps=LONG)[0],
        "rmsprop_momentum": run(rmsprop(0.0002, momentum=0.5), steps=LONG)[0],
        "rmsprop_centered": run(rmsprop(centered=True), steps=LONG)[0],
        "rmsprop_centered_momentum": run(rmsprop(0.0002, momentum=0.5, centered=True), steps=LONG)[0],
        "lion": run(lion())[0],
    }
    for kind, (rate, options) in RMSPROP_TORCH.items():
        theirs = run_torch(torch.optim.RMSprop, LONG, lr=rate, alpha=0.9, eps=0.0, **options)
        ours = run(rmsprop(rate, epsilon=0.0, **options), steps=LONG)[0]
        for name in ours:
            assert np.allclose(ours[name], theirs[name], rtol=0, atol=1e-12), options
        cases["rmsprop_torch" + kind] = theirs
    for clip in (clipvalue, clipnorm, global_clipnorm):
        for kind, update in (("sgd", sgd()), ("sgd_momentum", sgd(momentum=0.5)), ("adam", adam())):
            path, clipped = run(update, clip)
            assert clipped[0] and not all(clipped), (kind, clip.__name__)
            cases[kind + "_" + clip.__name__] = path
    found = dict(PROBLEM)
    for case, path in cases.items():
        found[case + "_a"], found[case + "_b"] = path["a"], path["b"]
    golden.save(__file__, "optimizers", found)


if __name__ == "__main__":
    main()
