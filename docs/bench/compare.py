#!/usr/bin/python3
"""Compares Engram with PyTorch on this machine, as a table in Markdown.

    /usr/bin/python3 docs/bench/compare.py [--rounds N]

Needs Go, and PyTorch with OpenBLAS (Debian: python3-torch, libopenblas0-pthread);
builds the demo and runs it and torch_models.py by turns, each model and shape N
times (twice), and takes the best of each. An idle machine is up to you: what
else runs, and a host that gives its time to others, shows in the medians. The
ratio is PyTorch's best time over Engram's.
"""
import argparse
import json
import pathlib
import platform
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SHAPES = ["30,32,1,50", "50,32,8,64", "100,64,16,128", "100,64,64,256", "20,20,200,200"]
ROWS = (
    [("lstm", "single", s) for s in SHAPES]
    + [(cell, "single", s) for cell in ("gru", "rnn") for s in SHAPES[:3]]
    + [("lstm", model, SHAPES[1]) for model in ("stacked", "bidirectional", "attention")]
    + [("lstm", model, s) for model in ("dropout", "scan") for s in SHAPES[:2]]
)
# Models without a counterpart in PyTorch are compared with its plain layer.
PEERS = {"dropout": "single", "scan": "single"}
KEYS = {"train_step_ms": "training step", "predict_batch_ms": "predict batch", "predict_one_ms": "predict one"}


def run(command):
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def cpu():
    with open("/proc/cpuinfo") as f:
        info = dict(line.split(":", 1) for line in f if ":" in line)
    info = {k.strip(): v.strip() for k, v in info.items()}
    flags = [f for f in ("avx2", "fma", "avx512f") if f in info.get("flags", "").split()]
    return f"{info.get('model name', platform.processor())} ({', '.join(flags)})"


def torch():
    code = "import torch; print(torch.__version__)"
    version = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    blas = pathlib.Path("/usr/lib/x86_64-linux-gnu/libblas.so.3").resolve()
    return f"PyTorch {version}, {blas.parent.name}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    rounds = parser.parse_args().rounds
    print(f"{cpu()}, {torch()}; best (median) in milliseconds, Engram / PyTorch, and the ratio of the best\n")
    print("| cell, model | T,B,D,H | " + " | ".join(KEYS.values()) + " |")
    print("|---" * (2 + len(KEYS)) + "|")
    with tempfile.TemporaryDirectory() as folder:
        demo = folder + "/demo"
        subprocess.run(["go", "build", "-o", demo, "./cmd/demo"], check=True, cwd=HERE.parent.parent)
        for cell, model, shape in ROWS:
            best = [{}, {}]  # Engram, PyTorch
            for _ in range(rounds):
                for side, command in enumerate([
                    [demo, "bench", "--json", "--shape", shape, "--cell", cell, "--model", model],
                    [sys.executable, str(HERE / "torch_models.py"), "--cell", cell, "--model", PEERS.get(model, model), shape],
                ]):
                    for key, t in run(command).items():
                        if key in KEYS and (key not in best[side] or t["best"] < best[side][key]["best"]):
                            best[side][key] = t
            cells = []
            for key in KEYS:
                ours, theirs = best[0][key], best[1][key]
                ratio = theirs["best"] / ours["best"]
                cells.append(f"{ours['best']:.3g} ({ours['median']:.3g}) / {theirs['best']:.3g} ({theirs['median']:.3g}): **{ratio:.1f}**")
            print(f"| {cell}, {model} | {shape} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
