#!/usr/bin/python3
"""Times training steps of three sequence models in PyTorch on the CPU.

    /usr/bin/python3 docs/bench/torch_models.py [--model stacked|bidirectional|attention] [T,B,D,H ...]

T steps, batch B, D features and H units are 50,32,8,64 where none are given,
and the models all three. Each is what `demo bench --model NAME` times:

    stacked        two LSTMs, the second one's last output into Linear(1)
    bidirectional  an LSTM in both directions, both last outputs into Linear(1)
    attention      an LSTM, nn.MultiheadAttention of its outputs to themselves
                   with 4 heads (1 where 4 do not divide H), all steps into
                   Linear(1)

with mean squared error and Adam, in float32. PyTorch's fastest setting differs
with the model and the machine: each is timed with 1 and 2 threads of PyTorch's
and 1 and 2 of OpenBLAS, in a process of its own, and the best counts. Prints
one JSON object a model and shape, in milliseconds, best and median of the best
setting: a training step, inference on the batch, and inference on one sample.
"""
import json
import os
import subprocess
import sys
import time

MODELS = ["stacked", "bidirectional", "attention"]
DEFAULT = ["50,32,8,64"]
KEYS = ["train_step_ms", "predict_batch_ms", "predict_one_ms"]


def timed(f, warm=3, runs=50, seconds=2.0):
    for _ in range(warm):
        f()
    ts, end = [], time.perf_counter() + seconds
    while len(ts) < runs and (len(ts) < 5 or time.perf_counter() < end):
        t = time.perf_counter()
        f()
        ts.append((time.perf_counter() - t) * 1e3)
    ts.sort()
    return {"best": round(ts[0], 4), "median": round(ts[len(ts) // 2], 4)}


def build(torch, model, T, D, H):
    """The parameters, and the model as a function of x [batch, T, D]."""
    if model == "stacked":
        net, head = torch.nn.LSTM(D, H, num_layers=2, batch_first=True), torch.nn.Linear(H, 1)
        return [net, head], lambda x: head(net(x)[0][:, -1])
    if model == "bidirectional":
        net, head = torch.nn.LSTM(D, H, bidirectional=True, batch_first=True), torch.nn.Linear(2 * H, 1)
        return [net, head], lambda x: head(torch.cat(tuple(net(x)[1][0]), 1))
    net, head = torch.nn.LSTM(D, H, batch_first=True), torch.nn.Linear(T * H, 1)
    look = torch.nn.MultiheadAttention(H, 1 if H % 4 else 4, batch_first=True)

    def attention(x):
        h = net(x)[0]
        return head(look(h, h, h, need_weights=False)[0].flatten(1))

    return [net, look, head], attention


def one(model, shape, threads):
    import torch
    torch.set_num_threads(threads)
    T, B, D, H = shape
    torch.manual_seed(0)
    parts, f = build(torch, model, T, D, H)
    opt = torch.optim.Adam([p for m in parts for p in m.parameters()], 1e-3)
    x, y = torch.randn(B, T, D), torch.randn(B, 1)

    def step():
        opt.zero_grad()
        ((f(x) - y) ** 2).mean().backward()
        opt.step()

    def infer(v):
        with torch.no_grad():
            return f(v)

    found = {"train_step_ms": timed(step)}
    for m in parts:
        m.eval()
    found["predict_batch_ms"] = timed(lambda: infer(x))
    found["predict_one_ms"] = timed(lambda: infer(x[:1]), runs=200)
    return found


def main(args):
    models = MODELS
    if args[:1] == ["--model"]:
        models, args = [args[1]], args[2:]
    for model in models:
        for arg in args or DEFAULT:
            best = {}
            for threads in (1, 2):
                for blas in (1, 2):
                    env = {**os.environ, "OPENBLAS_NUM_THREADS": str(blas), "OMP_NUM_THREADS": str(threads)}
                    out = subprocess.run([sys.executable, __file__, "--one", model, arg, str(threads)],
                                         env=env, capture_output=True, text=True, check=True, timeout=120).stdout
                    for k, v in json.loads(out).items():
                        if k not in best or v["best"] < best[k]["best"]:
                            best[k] = {**v, "threads": [threads, blas]}
            shape = [int(v) for v in arg.split(",")]
            print(json.dumps({"model": model, "shape": shape, **{k: best[k] for k in KEYS}}), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(sys.argv[2], [int(v) for v in sys.argv[3].split(",")], int(sys.argv[4]))))
    else:
        main(sys.argv[1:])
