"""Golden learning rates: Keras' formulas in plain loops, and PyTorch's schedulers.

    /usr/bin/python3 train/schedules/testdata/schedules.py

writes schedules.npz. Keys: for each CASE the rates of steps 0 to 199. Those of
PyTorch 1.13 (lr_scheduler) are the ones with torch in their names and onecycle. Before
anything is written, Keras' formulas are compared with PyTorch where both mean the same.

    exponential          0.1, decay_steps 30, decay_rate 0.5
    exponential_stairs   the same with staircase
    torch_exponential    ExponentialLR(gamma=0.5 ** (1 / 30))
    inverse              0.1, decay_steps 20, decay_rate 0.5
    inverse_stairs       the same with staircase
    polynomial           0.1, decay_steps 120, end 0.0001, power 1
    polynomial_options   0.1, decay_steps 120, end 0.01, power 2.5
    polynomial_cycle     0.1, decay_steps 60, end 0.01, power 0.5, cycle
    torch_polynomial     PolynomialLR(total_iters=120, power=2), which ends at 0
    piecewise            boundaries 50, 51 and 120, values 0.1, 0.02, 0.05 and 0
    torch_piecewise      MultiStepLR(milestones=[51, 121], gamma=0.1)
    cosine               0.1, decay_steps 150
    cosine_options       0.02, decay_steps 100, alpha 0.1, warm-up to 0.1 in 40 steps
    restarts             0.1, first_decay_steps 30
    restarts_options     0.1, first_decay_steps 20, t_mul 1.5, m_mul 0.8, alpha 0.1
    torch_restarts       CosineAnnealingWarmRestarts(T_0=25, T_mult=1, eta_min=0.01)
    torch_restarts_3     CosineAnnealingWarmRestarts(T_0=20, T_mult=3)
    onecycle             OneCycleLR(max_lr=0.1, total_steps=200)
    onecycle_linear      OneCycleLR(max_lr=0.1, total_steps=200, pct_start=0.25,
                         anneal_strategy="linear", div_factor=10, final_div_factor=100)
    onecycle_three       OneCycleLR(max_lr=0.1, total_steps=200, three_phase=True)
"""
import os
import sys

import numpy as np
import torch
from torch.optim import lr_scheduler

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../graph/graphtest/testdata"))
import golden

STEPS = 200


def exponential(step, staircase=False):
    p = step / 30
    return 0.1 * 0.5 ** (np.floor(p) if staircase else p)


def inverse(step, staircase=False):
    p = step / 20
    return 0.1 / (1 + 0.5 * (np.floor(p) if staircase else p))


def polynomial(step, steps=120, end=0.0001, power=1.0, cycle=False):
    if cycle:
        steps = steps * (1.0 if step == 0 else np.ceil(step / steps))
    else:
        step = min(step, steps)
    return (0.1 - end) * (1 - step / steps) ** power + end


def piecewise(step):
    if step <= 50:
        return 0.1
    if step <= 51:
        return 0.02
    return 0.05 if step <= 120 else 0.0


def cosine(step):
    return 0.1 * 0.5 * (1 + np.cos(np.pi * min(step, 150) / 150))


def cosine_options(step):
    step = min(step, 140)
    if step < 40:
        return (0.1 - 0.02) * step / 40 + 0.02
    return 0.1 * (0.9 * 0.5 * (1 + np.cos(np.pi * (step - 40) / 100)) + 0.1)


def restarts(step, first=30, t_mul=2.0, m_mul=1.0, alpha=0.0):
    """Period by period: Keras' logarithms are wrong at the starts of some."""
    start, length, height = 0.0, float(first), 1.0
    while step >= start + length:
        start, length, height = start + length, length * t_mul, height * m_mul
    cosine = 0.5 * height * (1 + np.cos(np.pi * (step - start) / length))
    return 0.1 * ((1 - alpha) * cosine + alpha)


def keras_restarts(step, first, t_mul, m_mul, alpha):
    """Keras' formula in float64."""
    part = step / first
    i = np.floor(np.log(1 - part * (1 - t_mul)) / np.log(t_mul))
    part = (part - (1 - t_mul**i) / (1 - t_mul)) / t_mul**i
    return 0.1 * ((1 - alpha) * 0.5 * m_mul**i * (1 + np.cos(np.pi * part)) + alpha)


def by_torch(scheduler, **options):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
    schedule = scheduler(optimizer, **options)
    rates = []
    for step in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step < STEPS - 1:
            schedule.step()
    return np.array(rates)


def main():
    found = {
        "torch_exponential": by_torch(lr_scheduler.ExponentialLR, gamma=0.5 ** (1 / 30)),
        "torch_polynomial": by_torch(lr_scheduler.PolynomialLR, total_iters=120, power=2),
        "torch_piecewise": by_torch(lr_scheduler.MultiStepLR, milestones=[51, 121], gamma=0.1),
        "torch_restarts": by_torch(lr_scheduler.CosineAnnealingWarmRestarts, T_0=25, T_mult=1, eta_min=0.01),
        "torch_restarts_3": by_torch(lr_scheduler.CosineAnnealingWarmRestarts, T_0=20, T_mult=3),
        "onecycle": by_torch(lr_scheduler.OneCycleLR, max_lr=0.1, total_steps=STEPS),
        "onecycle_linear": by_torch(lr_scheduler.OneCycleLR, max_lr=0.1, total_steps=STEPS, pct_start=0.25, anneal_strategy="linear", div_factor=10, final_div_factor=100),
        "onecycle_three": by_torch(lr_scheduler.OneCycleLR, max_lr=0.1, total_steps=STEPS, three_phase=True),
    }
    for case, rate in {
        "exponential": exponential,
        "exponential_stairs": lambda step: exponential(step, True),
        "inverse": inverse,
        "inverse_stairs": lambda step: inverse(step, True),
        "polynomial": polynomial,
        "polynomial_options": lambda step: polynomial(step, end=0.01, power=2.5),
        "polynomial_cycle": lambda step: polynomial(step, 60, 0.01, 0.5, True),
        "piecewise": piecewise,
        "cosine": cosine,
        "cosine_options": cosine_options,
        "restarts": restarts,
        "restarts_options": lambda step: restarts(step, 20, 1.5, 0.8, 0.1),
    }.items():
        found[case] = np.array([rate(step) for step in range(STEPS)])
    same = lambda a, b: np.allclose(a, b, rtol=0, atol=1e-12)
    assert same(found["exponential"], found["torch_exponential"])
    assert same([polynomial(s, 120, 0.0, 2.0) for s in range(STEPS)], found["torch_polynomial"])
    assert same([restarts(s, 20, 3.0) for s in range(STEPS)], found["torch_restarts_3"])
    keras = [keras_restarts(s, 20, 1.5, 0.8, 0.1) for s in range(STEPS)]
    assert sum(abs(keras - found["restarts_options"]) > 1e-12) <= 1  # of the starts of periods
    golden.save(__file__, "schedules", found)


if __name__ == "__main__":
    main()
