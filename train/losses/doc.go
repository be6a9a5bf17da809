// Package losses holds what training lowers, one loss a file. A loss is a plain
// config value; its Loss describes one number for each sample as symbolic
// values in a graph.Scope. Averaging them over samples and steps is the trainer's
// part: it makes of them, with the weights w of samples or steps,
//
//	Σ w·l / n
//
// n is the number of samples, or of steps that are not masked, in the batch,
// whatever they weigh. train.Config says more.
package losses
