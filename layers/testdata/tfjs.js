// What the scripts share that write numbers of @tensorflow/tfjs, whose layers
// mean what Keras' do; by itself it writes nothing. The package must be where node
// finds it.
//
// It computes in float32, so the numbers hold to some 1e-6 of the largest of a
// tensor, and are written with 8 digits.
const fs = require('fs');
const path = require('path');
const tf = require('@tensorflow/tfjs');

tf.setBackend('cpu');

// A tensor of numbers in [-scale, scale), the same as uniform of golden.py and
// Uniform of graphtest in Go; exact, where scale is a power of two.
function uniform(seed, shape, scale) {
  const mask = (1n << 64n) - 1n;
  const n = shape.reduce((a, b) => a * b, 1);
  const out = [];
  let state = BigInt(seed);
  for (let k = 0; k < n; k++) {
    state = (state + 0x9E3779B97F4A7C15n) & mask;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xBF58476D1CE4E5B9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94D049BB133111EBn) & mask;
    z ^= z >> 31n;
    out.push(Number((z >> 40n) - (1n << 23n)) / 2 ** 23 * scale);
  }
  return tf.tensor(out, shape);
}

const numbers = (tensor) => Array.from(tensor.dataSync(), (x) => Number(x.toPrecision(8)));

// Writes cases to name.json beside the script, a case a line.
function save(script, name, cases) {
  const lines = cases.map((c) => JSON.stringify(c));
  fs.writeFileSync(path.join(path.dirname(script), name + '.json'), '[\n' + lines.join(',\n') + '\n]\n');
}

module.exports = {tf, uniform, numbers, save};
