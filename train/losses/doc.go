// Package losses holds what training lowers, one loss a file. A loss is a plain
// config value; its Loss describes one number for each sample as symbolic
// values in a graph.Scope. Averaging them over samples and steps, weighted, is the
// trainer's part.
package losses
