"""Scores of forecasts, from plain formulas in float64, with NumPy 1.24.

    /usr/bin/python3 train/forecast/scores/testdata/scores.py

writes scores.json: history, truth, a, b and low, high; scores by name; pairs, a list of
[horizon, difference, statistic, p] of the Diebold-Mariano test of a and b, whose p comes
from a numerical integral of the density; lags, the correlations at lags 0 to 4.
"""
import json
import math
import os

import numpy as np

rng = np.random.default_rng(5)
x = np.round(np.cumsum(rng.standard_normal(100)) + 20, 6)
history, truth = x[:60], x[60:]
a = np.round(x[59:-1] + 0.3 * rng.standard_normal(40), 6)
b = np.round(x[58:-2] + 0.3 * rng.standard_normal(40), 6)
low, high = a - 1.2, a + 1.0


def pinball(p, q):
    return np.mean([p * (y - v) if y >= v else (1 - p) * (v - y) for y, v in zip(truth, q)])


def tail(t, df):
    """Both tails of Student's t, with the substitution t = sqrt(df) tan u."""
    u = np.linspace(math.atan(abs(t) / math.sqrt(df)), math.pi / 2, 2_000_001)
    c = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(math.pi)
    f = c * np.cos(u) ** (df - 1)
    w = np.ones_like(u)
    w[1:-1:2], w[2:-1:2] = 4, 2
    return 2 * float(np.sum(w * f) * (u[1] - u[0]) / 3)


def diebold_mariano(h):
    d = (truth - a) ** 2 - (truth - b) ** 2
    n = len(d)
    # The cosine transform from its definition, with orthonormal rows.
    basis = np.sqrt(2 / n) * np.cos(np.pi * np.outer(np.arange(1, n), np.arange(n) + 0.5) / n)
    waves = n - 1 if h == 1 else max(1, int(min(n / (2 * h), 0.41 * n ** (2 / 3))))
    variance = np.mean((basis @ d)[:waves] ** 2)
    dm = d.mean() / np.sqrt(variance / n)
    return [h, d.mean(), dm, tail(dm, waves)]


scores = dict(
    mae=np.mean(abs(truth - a)), rmse=np.sqrt(np.mean((truth - a) ** 2)),
    mape=100 * np.mean(abs(truth - a) / abs(truth)),
    smape=np.mean(200 * abs(truth - a) / (abs(truth) + abs(a))),
    mase1=np.mean(abs(truth - a)) / np.mean(abs(np.diff(history))),
    mase7=np.mean(abs(truth - a)) / np.mean(abs(history[7:] - history[:-7])),
    pinball10=pinball(0.1, a), pinball75=pinball(0.75, a),
    coverage=np.mean((low <= truth) & (truth <= high)))
lags = [np.corrcoef(truth[4 - k:len(truth) - k], a[4:])[0, 1] for k in range(5)]
out = dict(history=list(history), truth=list(truth), a=list(a), b=list(b), low=list(low), high=list(high),
           scores=scores, pairs=[diebold_mariano(h) for h in (1, 2, 12)], lags=lags)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "scores.json"), "w") as f:
    json.dump(out, f, indent=0)
    f.write("\n")
print(scores, out["pairs"], lags)
