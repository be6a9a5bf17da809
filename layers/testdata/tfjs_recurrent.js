// LSTM, GRU and SimpleRNN with their options, computed by @tensorflow/tfjs, whose
// meaning is that of Keras. From the root of the project:
//
//	node layers/testdata/tfjs_recurrent.js
//
// writes tfjs_lstm.json, tfjs_gru.json and tfjs_simple_rnn.json: lists of cases
// with output, and the last states h and, of an LSTM, c. There are 2 samples of 4
// steps, 3 features and 3 units; x is uniform(1, …, 2), the kernel uniform(2, …, 1),
// the recurrent kernel uniform(3, …, 1), the bias uniform(4, …, 1), and h and c
// before the first step, in the case "initial", uniform(5, …, 1) and uniform(6, …, 1);
// elsewhere they are 0. The GRU's reset gate comes before the product. The hard
// sigmoid is clip(0.2 x + 0.5, 0, 1). Steps that are masked are those of MASK.
const {tf, uniform, numbers, save} = require('./tfjs.js');

const [B, T, D, U] = [2, 4, 3, 3];
const MASK = [[0, 1, 0, 1], [1, 0, 1, 0]];
const MASKED = 9;

const CASES = {
  plain: {},
  relu: {activation: 'relu'},
  elu: {activation: 'elu'},
  hard_sigmoid: {recurrentActivation: 'hardSigmoid'},
  no_bias: {useBias: false},
  go_backwards: {goBackwards: true},
  last: {returnSequences: false},
  last_backwards: {returnSequences: false, goBackwards: true},
  mask: {masked: true},
  mask_backwards: {masked: true, goBackwards: true},
  mask_last: {masked: true, returnSequences: false},
  initial: {initial: true},
  all: {activation: 'relu', recurrentActivation: 'hardSigmoid', useBias: false, goBackwards: true, masked: true},
};
const CELLS = {
  lstm: {make: tf.layers.lstm, gates: 4, states: 2},
  gru: {make: tf.layers.gru, gates: 3, states: 1},
  simple_rnn: {make: tf.layers.simpleRNN, gates: 1, states: 1},
};

function run(cell, {masked, initial, ...options}) {
  const config = {units: U, activation: 'tanh', returnSequences: true, returnState: true, ...options};
  if (cell.gates > 1) {
    config.recurrentActivation = config.recurrentActivation || 'sigmoid';
  }
  const layer = cell.make(config);
  const inputs = [tf.input({shape: [T, D]})];
  const states = initial ? Array.from({length: cell.states}, () => tf.input({shape: [U]})) : [];
  const x = masked ? tf.layers.masking({maskValue: MASKED}).apply(inputs[0]) : inputs[0];
  const outputs = layer.apply(x, initial ? {initialState: states} : {});
  layer.setWeights([
    uniform(2, [D, cell.gates * U], 1), uniform(3, [U, cell.gates * U], 1), uniform(4, [cell.gates * U], 1),
  ].slice(0, options.useBias === false ? 2 : 3));

  let given = uniform(1, [B, T, D], 2);
  if (masked) {
    given = tf.where(tf.tensor(MASK, [B, T, 1], 'bool').tile([1, 1, D]), given, tf.fill([B, T, D], MASKED));
  }
  const model = tf.model({inputs: inputs.concat(states), outputs});
  return model.predict([given, ...states.map((_, i) => uniform(5 + i, [B, U], 1))]).map(numbers);
}

for (const [name, cell] of Object.entries(CELLS)) {
  const names = Object.keys(CASES).filter((c) => name !== 'simple_rnn' || c !== 'hard_sigmoid');
  save(__filename, 'tfjs_' + name, names.map((c) => {
    const [output, h, last] = run(cell, CASES[c]);
    return {name: c, output, h, c: last};
  }));
}
