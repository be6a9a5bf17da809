#!/usr/bin/python3
"""Times training steps and prediction of sequence models in PyTorch on the CPU.

    /usr/bin/python3 docs/bench/torch_models.py [--cell lstm|gru|rnn] [--model NAME] [T,B,D,H ...]

T steps, batch B, D features and H units; models and flags are those of
`go run ./cmd/demo bench`:

    single         one recurrent layer, its last output into Linear(1)
    stacked        two of it
    bidirectional  in both directions, both last outputs into Linear(1)
    attention      nn.MultiheadAttention of its outputs to themselves with 4
                   heads (1 where 4 do not divide H), all steps into Linear(1)

with mean squared error and Adam, in float32. PyTorch's fastest setting differs
with the model and the machine: each is timed with 1 and 2 threads of PyTorch's
and 1 and 2 of OpenBLAS, in a process of its own, and the best counts. Prints
one JSON object a shape, in milliseconds, best and median of the best setting: a
training step, inference on the batch, and inference on one sample.
"""
import argparse
import json
import os
import subprocess
import sys
import time

DEFAULT = ["30,32,1,50", "50,32,8,64", "100,64,16,128", "100,64,64,256", "20,20,200,200"]
KEYS = ["train_step_ms", "predict_batch_ms", "predict_one_ms"]


def timed(f, warm=0.25, runs=50, seconds=2.0):
    end = time.perf_counter() + warm
    while time.perf_counter() < end:
        f()
    ts, end = [], time.perf_counter() + seconds
    while len(ts) < runs and (len(ts) < 5 or time.perf_counter() < end):
        t = time.perf_counter()
        f()
        ts.append((time.perf_counter() - t) * 1e3)
    ts.sort()
    return {"best": round(ts[0], 4), "median": round(ts[len(ts) // 2], 4)}


def build(torch, cell, model, T, D, H):
    """The parts with parameters, and the model as a function of x [batch, T, D]."""
    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[cell]
    if model in ("single", "stacked"):
        net, head = layer(D, H, num_layers=1 + (model == "stacked"), batch_first=True), torch.nn.Linear(H, 1)
        return [net, head], lambda x: head(net(x)[0][:, -1])
    if model == "bidirectional":
        net, head = layer(D, H, bidirectional=True, batch_first=True), torch.nn.Linear(2 * H, 1)

        def ends(x):
            h = net(x)[1]  # [2, batch, H]; an LSTM also returns c
            return head(torch.cat(tuple(h[0] if cell == "lstm" else h), 1))

        return [net, head], ends
    net, head = layer(D, H, batch_first=True), torch.nn.Linear(T * H, 1)
    look = torch.nn.MultiheadAttention(H, 1 if H % 4 else 4, batch_first=True)

    def attention(x):
        h = net(x)[0]
        return head(look(h, h, h, need_weights=False)[0].flatten(1))

    return [net, look, head], attention


def one(cell, model, shape, threads):
    import torch
    torch.set_num_threads(threads)
    T, B, D, H = shape
    torch.manual_seed(0)
    parts, f = build(torch, cell, model, T, D, H)
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


def best(cell, model, arg):
    found = {}
    for threads in (1, 2):
        for blas in (1, 2):
            env = {**os.environ, "OPENBLAS_NUM_THREADS": str(blas), "OMP_NUM_THREADS": str(threads)}
            command = [sys.executable, __file__, "--cell", cell, "--model", model, "--threads", str(threads), arg]
            out = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=120).stdout
            for k, v in json.loads(out).items():
                if k not in found or v["best"] < found[k]["best"]:
                    found[k] = {**v, "threads": [threads, blas]}
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cell", default="lstm", choices=["lstm", "gru", "rnn"])
    parser.add_argument("--model", default="single", choices=["single", "stacked", "bidirectional", "attention"])
    parser.add_argument("--threads", type=int, help="time this setting alone, in this process")
    parser.add_argument("shapes", nargs="*", default=DEFAULT, metavar="T,B,D,H")
    args = parser.parse_args()
    for arg in args.shapes:
        shape = [int(v) for v in arg.split(",")]
        if args.threads:
            print(json.dumps(one(args.cell, args.model, shape, args.threads)))
            continue
        found = best(args.cell, args.model, arg)
        print(json.dumps({"shape": shape, **{k: found[k] for k in KEYS}}), flush=True)


if __name__ == "__main__":
    main()
