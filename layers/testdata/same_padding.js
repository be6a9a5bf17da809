// The padding "same" beside strides, in which PyTorch and Keras differ, computed
// by @tensorflow/tfjs, whose meaning is that of Keras. From the root of the
// project, with that package where node finds it:
//
//	node layers/testdata/same_padding.js > layers/testdata/same_padding.json
//
// It lists cases of [1, steps, 1] inputs 1, 2, 3 … with a kernel of 1, 2, 3 …
// and without bias. The package computes in float32; these numbers are exact.
const tf = require('@tensorflow/tfjs');

const count = (n) => Array.from({length: n}, (_, i) => i + 1);

function run(layer, steps) {
  const x = tf.tensor3d(count(steps), [1, steps, 1]);
  return Array.from(layer.apply(x).dataSync());
}

const cases = [];
for (const steps of [1, 4, 5, 6, 7]) {
  for (const size of [1, 2, 3, 4, 5]) {
    for (const strides of [1, 2, 3]) {
      const conv = tf.layers.conv1d({filters: 1, kernelSize: size, strides, padding: 'same', useBias: false, inputShape: [steps, 1]});
      conv.build([null, steps, 1]);
      conv.setWeights([tf.tensor3d(count(size), [size, 1, 1])]);
      cases.push({
        steps, size, strides,
        conv: run(conv, steps),
        max: run(tf.layers.maxPooling1d({poolSize: size, strides, padding: 'same'}), steps),
        average: run(tf.layers.averagePooling1d({poolSize: size, strides, padding: 'same'}), steps),
      });
    }
  }
}
console.log('[\n' + cases.map((c) => JSON.stringify(c)).join(',\n') + '\n]');
