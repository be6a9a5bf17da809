// Bidirectional's ways to merge, computed by @tensorflow/tfjs, whose meaning is
// that of Keras. From the root of the project:
//
//	node layers/testdata/tfjs_bidirectional.js
//
// writes tfjs_bidirectional.json, a list of cases with the output of a cell, a way
// to merge and whether sequences are returned. There are 2 samples of 4 steps, 3
// features and 3 units; x is uniform(1, …, 2); the kernel uniform(2 + 10d, …, 1), the
// recurrent kernel uniform(3 + 10d, …, 1) and the bias uniform(4 + 10d, …, 1) of
// direction d, 0 forwards and 1 backwards. The GRU's reset gate comes before the
// product.
const {tf, uniform, numbers, save} = require('./tfjs.js');

const [B, T, D, U] = [2, 4, 3, 3];
const CELLS = {
  lstm: {make: tf.layers.lstm, gates: 4},
  gru: {make: tf.layers.gru, gates: 3},
  simple_rnn: {make: tf.layers.simpleRNN, gates: 1},
};

function run({make, gates}, mode, sequences) {
  const config = {units: U, returnSequences: sequences};
  if (gates > 1) {
    config.recurrentActivation = 'sigmoid';
  }
  const layer = tf.layers.bidirectional({layer: make(config), mergeMode: mode, inputShape: [T, D]});
  const model = tf.sequential({layers: [layer]});
  const weights = (d) => [
    uniform(2 + 10 * d, [D, gates * U], 1), uniform(3 + 10 * d, [U, gates * U], 1), uniform(4 + 10 * d, [gates * U], 1),
  ];
  layer.setWeights([...weights(0), ...weights(1)]);
  return numbers(model.predict(uniform(1, [B, T, D], 2)));
}

const cases = [];
for (const [cell, of] of Object.entries(CELLS)) {
  for (const mode of ['concat', 'sum', 'mul', 'ave']) {
    for (const sequences of [true, false]) {
      cases.push({cell, mode, sequences, output: run(of, mode, sequences)});
    }
  }
}
save(__filename, 'tfjs_bidirectional', cases);
