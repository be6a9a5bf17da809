#!/usr/bin/python3
"""Compares Engram with PyTorch and ONNX Runtime on this machine, as a table in Markdown.

    NODE_PATH=~/ort/node_modules /usr/bin/python3 docs/bench/compare.py [--rounds N] [MODEL ...]

Needs Go, and PyTorch with OpenBLAS (Debian: python3-torch, libopenblas0-pthread);
ONNX Runtime is left out where Node.js does not find it (see onnx_models.py). Builds
the demo and runs it, torch_models.py and onnx_models.py by turns, each model and
shape N times (twice), and takes the best of each. An idle machine is up to you: what
else runs, and a host that gives its time to others, shows in the medians. Figures are
Engram's best (median) in milliseconds and the peers'; ratios are a peer's best time
over Engram's.
"""
import argparse
import json
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

import peers

HERE = pathlib.Path(__file__).resolve().parent
SHAPES = [",".join(map(str, s)) for s in peers.SHAPES]
ROWS = (
    [("lstm", "single", s) for s in SHAPES]
    + [(cell, "single", s) for cell in ("gru", "rnn") for s in SHAPES[:3]]
    + [("lstm", model, SHAPES[1]) for model in ("stacked", "bidirectional", "attention")]
    + [("lstm", model, s) for model in ("dropout", "scan") for s in SHAPES[:2]]
    + [("lstm", model, ",".join(map(str, peers.MODELS[model][0]))) for model in ("lm", "chars")]
    + [("", model, ",".join(map(str, peers.MODELS[model][0]))) for model in ("transformer", "conv", "depthwise", "mlp", "mgu")]
    + [("", "conv", "500,32,64,64")]  # to compare depthwise with
)
KEYS = {"train_step_ms": "training step", "predict_batch_ms": "predict batch", "predict_one_ms": "predict one"}


def run(command):
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def cpu():
    with open("/proc/cpuinfo") as f:
        info = dict(line.split(":", 1) for line in f if ":" in line)
    info = {k.strip(): v.strip() for k, v in info.items()}
    flags = [f for f in ("avx2", "fma", "avx512f") if f in info.get("flags", "").split()]
    return f"{info.get('model name', platform.processor())} ({', '.join(flags)})"


def versions():
    blas = pathlib.Path("/usr/lib/x86_64-linux-gnu/libblas.so.3").resolve()
    names = [f"PyTorch {peers.torch.__version__} ({blas.parent.name})"]
    code = "console.log(require('onnxruntime-node/package.json').version)"
    node = subprocess.run(["node", "-e", code], capture_output=True, text=True) if shutil.which("node") else None
    if node and node.returncode == 0:
        names.append("ONNX Runtime " + node.stdout.strip())
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="models of the demo; all by default")
    args = parser.parse_args()
    names = versions()
    print(f"{cpu()}; best (median) in milliseconds, Engram / {' / '.join(names)}, and the ratios of the best\n")
    print("| model | shape | " + " | ".join(KEYS.values()) + " |")
    print("|---" * (2 + len(KEYS)) + "|")
    with tempfile.TemporaryDirectory() as folder:
        demo = folder + "/demo"
        subprocess.run(["go", "build", "-o", demo, "./cmd/demo"], check=True, cwd=HERE.parent.parent)
        for cell, model, shape in ROWS:
            if args.models and model not in args.models:
                continue
            flags = ["--model", model] + (["--cell", cell] if cell else [])
            commands = [[demo, "bench", "--json", *flags, "--shape", shape]]
            commands += [[sys.executable, str(HERE / script), *flags, shape] for script in ("torch_models.py", "onnx_models.py")[:len(names)]]
            best = [{} for _ in commands]
            for _ in range(args.rounds):
                for side, command in enumerate(commands):
                    for key, t in run(command).items():
                        if key in KEYS and (key not in best[side] or t["best"] < best[side][key]["best"]):
                            best[side][key] = t
            cells = []
            for key in KEYS:
                ours, found = best[0][key], [b[key] for b in best if key in b]
                times = " / ".join(f"{t['best']:.3g} ({t['median']:.3g})" for t in found)
                ratios = ", ".join(f"**{t['best'] / ours['best']:.2g}**" for t in found[1:])
                cells.append(f"{times}: {ratios}")
            print(f"| {', '.join(filter(None, (cell, model)))} | {shape} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
