#!/usr/bin/python3
"""Times predictions of models in ONNX Runtime on the CPU.

    npm install --ignore-scripts --prefix ~/ort onnxruntime-node
    NODE_PATH=~/ort/node_modules /usr/bin/python3 docs/bench/onnx_models.py [--cell lstm|gru|rnn] [--model NAME] [N,N,... ...]

Models, shapes and flags are those of `go run ./cmd/demo bench`; peers.py has the
models, which PyTorch writes as graphs of ONNX, and Node.js runs them. Each shape
is timed with one and two threads, and the best counts. Prints one JSON object a
shape, with the keys of torch_models.py but for the training step, in milliseconds.
The outputs must be those of PyTorch, within 1e-3 of the largest.
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import warnings

import peers
import torch

TIME = """
const ort = require('onnxruntime-node');
const fs = require('fs');
const folder = process.argv[1], {type, dims} = JSON.parse(process.argv[2]);
const read = (file, of) => { const b = fs.readFileSync(folder + file); return new of(b.buffer, b.byteOffset, b.byteLength / of.BYTES_PER_ELEMENT); };
async function timed(threads) {
  const session = await ort.InferenceSession.create(folder + '/model.onnx', {intraOpNumThreads: threads, interOpNumThreads: 1});
  const x = new ort.Tensor(type, read('/x', type == 'int64' ? BigInt64Array : Float32Array).slice(), dims);
  const y = Object.values(await session.run({x}))[0].data, want = read('/y', Float32Array);
  const largest = want.reduce((a, b) => Math.max(a, Math.abs(b)), 0), off = want.reduce((a, b, i) => Math.max(a, Math.abs(b - y[i])), 0);
  if (!(y.length == want.length && off <= 1e-3 * largest)) throw new Error(`outputs differ from PyTorch's by ${off} of ${largest}`);
  for (const end = performance.now() + 250; performance.now() < end;) await session.run({x}); // to warm up
  const runs = 200, took = [];
  for (const end = performance.now() + 2000; took.length < runs && (took.length < 3 || performance.now() < end);) {
    const start = performance.now();
    await session.run({x});
    took.push(performance.now() - start);
  }
  took.sort((a, b) => a - b);
  return {best: took[0], median: took[took.length >> 1], threads};
}
timed(1).then(one => timed(2).then(two => console.log(JSON.stringify(two.best < one.best ? two : one))));
"""


def timed(net, x):
    net.eval()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net, x, folder + "/model.onnx", input_names=["x"], opset_version=17)
        with torch.no_grad():
            pathlib.Path(folder, "y").write_bytes(net(x).numpy().tobytes())
        pathlib.Path(folder, "x").write_bytes(x.numpy().tobytes())
        kind = json.dumps({"type": str(x.dtype).removeprefix("torch."), "dims": list(x.shape)})
        out = subprocess.run(["node", "-e", TIME, folder, kind], stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args = peers.arguments(parser)
    for shape in args.shapes:
        task = peers.task(args.model, args.cell, shape)
        net, one = task.nets[0], task.x.narrow(task.batch, 0, 1).contiguous()
        print(json.dumps({"shape": shape, "predict_batch_ms": timed(net, task.x), "predict_one_ms": timed(net, one)}), flush=True)


if __name__ == "__main__":
    main()
