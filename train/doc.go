// Package train compiles models and fits them to data: Trainer with its Fit,
// Evaluate, Predict and Step, the History they write and the Callbacks they
// call.
package train
