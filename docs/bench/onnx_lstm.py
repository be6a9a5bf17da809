#!/usr/bin/python3
"""Times predictions of LSTM + Linear(1) in ONNX Runtime on the CPU.

    npm install --ignore-scripts --prefix ~/ort onnxruntime-node
    NODE_PATH=~/ort/node_modules /usr/bin/python3 docs/bench/onnx_lstm.py [T,B,D,H ...]

Needs PyTorch, which writes the models, and Node.js. Each shape is timed with one
and two threads, and the best counts. Prints one JSON object a shape, with the
keys of torch_models.py but for the training step, in milliseconds.
"""
import json
import os
import subprocess
import sys
import tempfile
import warnings

DEFAULT = ["30,32,1,50", "50,32,8,64", "100,64,16,128", "100,64,64,256", "20,20,200,200"]

TIME = """
const ort = require('onnxruntime-node');
const [file, batch, steps, features] = [process.argv[1], ...process.argv.slice(2).map(Number)];
async function timed(threads) {
  const session = await ort.InferenceSession.create(file, {intraOpNumThreads: threads, interOpNumThreads: 1});
  const data = Float32Array.from({length: batch * steps * features}, () => 2 * Math.random() - 1);
  const x = new ort.Tensor('float32', data, [batch, steps, features]);
  for (const end = performance.now() + 250; performance.now() < end;) await session.run({x}); // to warm up
  const runs = batch == 1 ? 500 : 50, took = [];
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


def export(folder, batch, T, D, H):
    import torch

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.head = torch.nn.LSTM(D, H, batch_first=True), torch.nn.Linear(H, 1)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    file = os.path.join(folder, "model.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(Model().eval(), torch.randn(batch, T, D), file, input_names=["x"], opset_version=13)
    return file


def main():
    for arg in sys.argv[1:] or DEFAULT:
        T, B, D, H = (int(v) for v in arg.split(","))
        found = {"shape": [T, B, D, H]}
        for key, batch in ("predict_batch_ms", B), ("predict_one_ms", 1):
            with tempfile.TemporaryDirectory() as folder:
                command = ["node", "-e", TIME, export(folder, batch, T, D, H), str(batch), str(T), str(D)]
                found[key] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
