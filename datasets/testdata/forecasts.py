"""Writes forecasts.json: windows, scales and scores of simple forecasts on the
embedded series, worked out in NumPy without the package. Run it in this
directory: python3 forecasts.py

The forecast is a model of one weight: each of the next values, transformed, is
half of the last transformed value of its column.
"""
import csv
import json
import math

import numpy as np

HALF = 0.5


def column(name, c):
    with open(f"../data/{name}.csv") as f:
        return np.array([float(row[c]) for row in csv.DictReader(f)])


def fit(kind, train):
    if kind == "none":
        return 0.0, 1.0
    if kind == "minmax":
        return train.min(), train.max() - train.min()
    if kind == "standard":
        return train.mean(), train.std()
    steps = np.diff(train) if kind == "difference" else np.diff(np.log(train))
    return steps.mean(), steps.std()


def case(series, name, kind, steps, horizon, test, season):
    x = column(series, name)
    lag = 1 if kind in ("difference", "logreturn") else 0
    first_test = math.floor(len(x) * (1 - test) + 1e-6)  # the first row that only the test may forecast
    shift, factor = fit(kind, x[:first_test])
    if kind == "difference":
        z = np.append(np.nan, np.diff(x))
    elif kind == "logreturn":
        z = np.append(np.nan, np.diff(np.log(x)))
    else:
        z = x
    z = (z - shift) / factor
    origins = [o for o in range(lag + steps - 1, len(x) - horizon) if o + 1 >= first_test]
    truth, guess, last, year = [], [], [], []
    for o in origins:
        now = x[o]
        for h in range(1, horizon + 1):
            y = HALF * z[o] * factor + shift
            if kind == "difference":
                now = now + y
            elif kind == "logreturn":
                now = now * math.exp(y)
            else:
                now = y
            guess.append(now)
            truth.append(x[o + h])
            last.append(x[o])
            year.append(x[o + h - season * math.ceil(h / season)])
    truth, guess, last, year = map(np.array, (truth, guess, last, year))

    def rmse(a):
        return float(np.sqrt(np.mean((a - truth) ** 2)))

    def mae(a):
        return float(np.mean(np.abs(a - truth)))

    return {
        "series": series, "column": name, "transform": kind, "steps": steps, "horizon": horizon,
        "test": test, "season": season, "windows": len(origins),
        "first_input": z[origins[0] - steps + 1: origins[0] + 1].tolist(),
        "last_target": z[origins[-1] + 1: origins[-1] + 1 + horizon].tolist(),
        "rmse": rmse(guess), "mae": mae(guess), "persistence_rmse": rmse(last), "persistence_mae": mae(last),
        "seasonal_rmse": rmse(year), "seasonal_mae": mae(year),
    }


cases = []
for series, name, season in (("eustocks", "DAX", 5), ("airpassengers", "passengers", 12), ("sunspots", "sunspots", 132)):
    for kind in ("none", "minmax", "standard", "difference", "logreturn"):
        if series == "sunspots" and kind == "logreturn":
            continue  # some months had none
        for steps, horizon in ((30, 1), (7, 3)):
            cases.append(case(series, name, kind, steps, horizon, 0.2, season))
with open("forecasts.json", "w") as f:
    json.dump(cases, f, indent=1)
    f.write("\n")
