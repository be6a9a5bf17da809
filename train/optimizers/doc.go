// Package optimizers holds what changes weights along their gradients, one
// optimizer a file. An optimizer is a plain config value; its State is one at
// work on the parameters of a model, with the memory that it keeps of them.
package optimizers
