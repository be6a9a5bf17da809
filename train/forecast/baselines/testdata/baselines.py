"""Forecasts of the baselines, from plain formulas in float64, with NumPy 1.24.

    /usr/bin/python3 train/forecast/baselines/testdata/baselines.py

writes baselines.json. Exponential smoothing is written here as a state space with
errors (Hyndman et al. 2008), not with levels and seasons as by Holt and Winters, and
deviations come from shocks that are put into the recursion, not from the formula.
Optimal parameters come from grids that are narrowed, not from a simplex.

Keys: series, by name; forecasts: a list of method, series, period, mean and deviation of
HORIZON steps; smoothings: a list of series, period, trend, season, the parameters used,
the sums of squares with them, and mean and deviation after them, with sigma 1; least,
about the least sum of squares of any parameters.
"""
import csv
import itertools
import json
import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
HORIZON = 30


def air():
    with open(os.path.join(HERE, "../../../../datasets/data/airpassengers.csv")) as f:
        return np.array([float(row[1]) for row in list(csv.reader(f))[1:]])


def made(n, start, slope, season, noise, seed):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    return np.round(start + slope * t + season * np.sin(2 * np.pi * t / 7) + noise * rng.standard_normal(n), 6)


SERIES = {
    "air": air(),
    "weeks": made(100, -3.0, 0.05, 2.0, 0.4, 1),  # negative values, an odd period
    "plain": np.cumsum(made(60, 0.1, 0.0, 0.0, 1.0, 2)) + 30,
}


def naive(x):
    d = np.diff(x)
    sigma = np.sqrt(np.mean(d ** 2))
    h = np.arange(1, HORIZON + 1)
    return np.full(HORIZON, x[-1]), sigma * np.sqrt(h)


def seasonal_naive(x, m):
    sigma = np.sqrt(np.mean((x[m:] - x[:-m]) ** 2))
    h = np.arange(1, HORIZON + 1)
    return np.array([x[len(x) - m + (i - 1) % m] for i in h]), sigma * np.sqrt((h - 1) // m + 1)


def drift(x):
    n = len(x)
    b = (x[-1] - x[0]) / (n - 1)
    sigma = np.sqrt(np.sum((np.diff(x) - b) ** 2) / (n - 2))
    h = np.arange(1, HORIZON + 1)
    return x[-1] + h * b, sigma * np.sqrt(h * (1 + h / (n - 1)))


def decompose(x, m, factor):
    kernel = np.ones(m) / m if m % 2 else np.r_[0.5, np.ones(m - 1), 0.5] / m
    trend = np.convolve(x, kernel, "valid")
    at = np.arange(m // 2, m // 2 + len(trend))
    left = x[at] / trend if factor else x[at] - trend
    s = np.array([left[at % m == i].mean() for i in range(m)])
    return s / s.mean() if factor else s - s.mean()


def is_seasonal(x, m):
    n = len(x)
    if m < 2 or n < 3 * m:
        return False
    z = x - x.mean()
    r = np.array([np.sum(z[k:] * z[:n - k]) for k in range(1, m + 1)]) / np.sum(z * z)
    return abs(r[-1]) > 1.645 * np.sqrt((1 + 2 * np.sum(r[:-1] ** 2)) / n)


def adjusted(x, m, method):
    if not is_seasonal(x, m):
        return method(x)
    factor = bool(np.all(x > 0))
    s = decompose(x, m, factor)
    old, new = s[np.arange(len(x)) % m], s[(len(x) + np.arange(HORIZON)) % m]
    mean, deviation = method(x / old if factor else x - old)
    return (mean * new, deviation * abs(new)) if factor else (mean + new, deviation)


def theta(x):
    n = len(x)

    def ses(alpha):
        level, errors = x[0] + 0 * alpha, 0 * alpha
        for v in x[1:]:
            errors = errors + (v - level) ** 2
            level = alpha * v + (1 - alpha) * level
        return level, errors

    low, high = 0.0, 1.0
    for _ in range(12):
        grid = np.linspace(low, high, 101)
        best = np.argmin(ses(grid)[1])
        low, high = grid[max(0, best - 2)], grid[min(100, best + 2)]
    alpha = grid[best]
    level, errors = ses(alpha)
    b = np.polyfit(np.arange(n), x, 1)[0]
    h = np.arange(1, HORIZON + 1)
    mean = level + b / 2 * (h - 1 + 1 / alpha - (1 - alpha) ** n / alpha)
    return mean, np.sqrt(errors / (n - 2) * (1 + (h - 1) * alpha ** 2))


class Smoothing:
    def __init__(self, x, m, trend, season):
        self.x, self.m, self.trend, self.season = x, m, trend, season
        first = x[:min(10, len(x))]
        self.s0 = None
        if season != "none":
            self.s0 = decompose(x[:3 * m], m, season == "multiplicative")
            first = x[:max(10, 2 * m)]
            s = self.s0[np.arange(len(first)) % m]
            first = first / s if season == "multiplicative" else first - s
        if trend == "none":
            self.l0, self.b0 = first.mean(), 0.0
        else:
            self.b0, self.l0 = np.polyfit(np.arange(1, len(first) + 1), first, 1)

    def start(self):
        return self.l0, self.b0, None if self.s0 is None else [v for v in self.s0]

    def step(self, state, p, y=None, e=None):
        """One step with the value y, or with the error e; returns state, error, value."""
        a, phi, b, g = p
        level, slope, s = state
        base = level + phi * slope
        old = s[0] if s is not None else None
        forecast = base if s is None else base * old if self.season == "multiplicative" else base + old
        if e is None:
            e = y - forecast
        else:
            y = forecast + e
        if self.season == "multiplicative":
            new = base + a * e / old
            s = s[1:] + [old + g * (y / new - old)]
            slope = phi * slope + a * b * e / old
        else:
            new = base + a * e
            slope = phi * slope + a * b * e
            if s is not None:
                s = s[1:] + [old + g * (1 - a) * e]
        return (new, slope, s), e, y

    def run(self, p):
        state, errors = self.start(), 0.0
        with np.errstate(all="ignore"):
            for y in self.x:
                state, e, _ = self.step(state, p, y=y)
                errors = errors + e ** 2
        return state, errors

    def after(self, state, p, first=0.0):
        out = []
        for h in range(HORIZON):
            state, _, y = self.step(state, p, e=first if h == 0 else 0.0)
            out.append(y)
        return np.array(out)

    def forecast(self, p):
        """Means, and deviations for sigma 1: of additive models, from a shock."""
        state, _ = self.run(p)
        mean = self.after(state, p)
        if self.season == "multiplicative":
            plain = Smoothing(self.x, self.m, self.trend, "none")
            shock = plain.after((0.0, 0.0, None), p, 1.0)
            s = np.array([state[2][h % self.m] for h in range(HORIZON)])
        else:
            none = None if state[2] is None else [0.0] * self.m
            shock, s = self.after((0.0, 0.0, none), p, 1.0), 1.0
        return mean, np.sqrt(np.cumsum(shock ** 2)) * abs(s)

    def least(self):
        bounds = [(0.0, 1.0)]
        bounds.append((0.8, 0.98) if self.trend == "damped" else (1.0, 1.0))
        bounds.append((0.0, 1.0) if self.trend != "none" else (0.0, 0.0))
        bounds.append((0.0, 1.0) if self.season != "none" else (0.0, 0.0))
        ranges, best = bounds, np.inf
        for _ in range(14):
            axes = [np.linspace(l, h, 9) if h > l else np.array([l]) for l, h in ranges]
            grid = np.array(list(itertools.product(*axes))).T
            _, errors = self.run(grid)
            errors = np.where(np.isfinite(errors), errors, np.inf)
            at = grid[:, np.argmin(errors)]
            best = min(best, errors.min())
            ranges = [(max(b[0], v - (h - l) / 4), min(b[1], v + (h - l) / 4))
                      for b, (l, h), v in zip(bounds, ranges, at)]
        return best


def main():
    forecasts, smoothings = [], []

    def add(method, name, period, result):
        forecasts.append(dict(method=method, series=name, period=period,
                              mean=list(result[0]), deviation=list(result[1])))

    for name, m in (("air", 12), ("weeks", 7), ("plain", 5)):
        x = SERIES[name]
        add("naive", name, m, naive(x))
        add("seasonal naive", name, m, seasonal_naive(x, m))
        add("drift", name, m, drift(x))
        add("naive2", name, m, adjusted(x, m, naive))
        add("theta", name, m, adjusted(x, m, theta))
        for trend in ("none", "additive", "damped"):
            for season in ("none", "additive", "multiplicative"):
                if season == "multiplicative" and name != "air" or name == "plain" and season != "none":
                    continue
                s = Smoothing(x, m, trend, season)
                p = (0.35, 0.9 if trend == "damped" else 1.0, 0.0 if trend == "none" else 0.15,
                     0.0 if season == "none" else 0.25)
                mean, deviation = s.forecast(p)
                smoothings.append(dict(series=name, period=m, trend=trend, season=season, parameters=p,
                                       sum=s.run(p)[1], mean=list(mean), deviation=list(deviation), least=s.least()))
    with open(os.path.join(HERE, "baselines.json"), "w") as f:
        json.dump(dict(series={k: list(v) for k, v in SERIES.items()}, forecasts=forecasts, smoothings=smoothings), f, indent=0)
        f.write("\n")


main()
