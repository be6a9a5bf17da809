#!/usr/bin/python3
"""Times training steps and prediction of models in PyTorch on the CPU.

    /usr/bin/python3 docs/bench/torch_models.py [--cell lstm|gru|rnn] [--model NAME] [N,N,... ...]

Models, shapes and flags are those of `go run ./cmd/demo bench`; peers.py has the
models. Training is eager, with Adam, in float32. PyTorch's fastest setting differs
with the model and the machine: each is timed with 1 and 2 threads of PyTorch's
and 1 and 2 of OpenBLAS, in a process of its own, and the best counts; so does the
best of several ways to write a model. Prints one JSON object a shape, in
milliseconds, best and median of the best setting: a training step, inference on
the batch, and inference on one sample.
"""
import argparse
import json
import os
import subprocess
import sys
import time

import peers
import torch


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


def keep(found, key, t):
    if key not in found or t["best"] < found[key]["best"]:
        found[key] = t


def one(model, cell, shape, threads):
    """Times one setting in this process."""
    torch.set_num_threads(threads)
    found, task = {}, peers.task(model, cell, shape)
    first = task.x.narrow(task.batch, 0, 1)
    for net in task.nets:
        opt = torch.optim.Adam(net.parameters(), 1e-3)

        def step():
            opt.zero_grad()
            task.loss(net(task.x), task.y).backward()
            opt.step()

        def infer(x):
            with torch.inference_mode():
                return net(x)

        keep(found, "train_step_ms", timed(step))
        net.eval()
        keep(found, "predict_batch_ms", timed(lambda: infer(task.x)))
        keep(found, "predict_one_ms", timed(lambda: infer(first), runs=200))
    return found


def best(args, shape):
    found = {}
    for threads in (1, 2):
        for blas in (1, 2):
            env = {**os.environ, "OPENBLAS_NUM_THREADS": str(blas), "OMP_NUM_THREADS": str(threads)}
            command = [sys.executable, __file__, "--cell", args.cell, "--model", args.model, "--threads", str(threads), ",".join(map(str, shape))]
            out = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True, timeout=300).stdout
            for k, v in json.loads(out).items():
                keep(found, k, {**v, "threads": [threads, blas]})
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, help="time this setting alone, in this process")
    args = peers.arguments(parser)
    for shape in args.shapes:
        if args.threads:
            print(json.dumps(one(args.model, args.cell, shape, args.threads)))
            continue
        print(json.dumps({"shape": shape, **best(args, shape)}), flush=True)


if __name__ == "__main__":
    main()
