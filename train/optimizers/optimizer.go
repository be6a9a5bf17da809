// Package optimizers has the optimizers, which change weights along their
// gradients. An optimizer is a plain config value that implements Optimizer;
// Start makes a State of it, which applies the optimizer's rule to the
// parameters of a model and holds its slots.
//
// Names, defaults and formulas are those of Keras 3. Every optimizer has a LearningRate or
// a Schedule, a WeightDecay, which is decoupled from the gradient, and three ways to clip
// gradients. What concerns all of them is in Config, which train.Config has too: groups of
// parameters, gradient accumulation and moving averages of the weights.
//
// An optimizer of your own is a config with a method Rule; the package example
// has one. Clipping, the learning rate, weight decay, accumulation and averages, saving and
// restoring are the State's.
package optimizers

import "gorgonia.org/tensor"

// Optimizer is the config of an optimizer.
type Optimizer interface {
	// Rule checks the config and gives the rule for parameters of the given
	// dtype, float32 or float64. Start checks the learning rate and the clipping.
	Rule(dtype tensor.Dtype) (Rule, error)
}

// All lists every optimizer of this package, with zero fields. A registry of saved configs
// starts from it.
func All() []any {
	return []any{SGD{}, RMSprop{}, Adagrad{}, Adadelta{}, Adam{}, AdamW{}, Adamax{}, Nadam{}, Lion{}}
}

// Rule describes how an optimizer changes parameters.
type Rule struct {
	Name         string  // begins the names of saved tensors, such as "adam"; required
	LearningRate float64 // of the first step, with its default filled in; positive, or 0 where there is a Schedule
	Slots        []Slot  // what is kept for each parameter, in the order of Step.Slots
	Clip         Clip    // how gradients are clipped before the update

	// Schedule gives the learning rate of every step; nil where LearningRate is that of all.
	Schedule Schedule
	// WeightDecay, times the learning rate, is the share of every weight that is taken off
	// before the update: decoupled weight decay (Loshchilov & Hutter 2019), which moments
	// do not see. Zero means none. Config.Groups has parameters with another one.
	WeightDecay float64

	// Rate is the size of a step, the first being step 1, as a function of the
	// learning rate. Nil means the learning rate itself.
	Rate func(learningRate float64, step int) float64

	// The update of one parameter, for both dtypes; required. A generic function
	// serves for both.
	Float32 Update[float32]
	Float64 Update[float64]

	// Elementwise says that the update of an element depends on nothing but that
	// element of the weights, the gradient and the slots. A large parameter is then
	// updated in parts, by several cores at the same time.
	Elementwise bool
	// Still says of an elementwise update that it leaves an element as it is, bit for
	// bit, where the gradient is 0, positive or negative, and all slots are as they began.
	// Rows of an embedding that no sample has used so far are then skipped; see
	// State.StepRows.
	Still bool
}

// Slot is a tensor that an optimizer keeps for each parameter, of its shape and
// dtype.
type Slot struct {
	Name    string  // such as "m"; it is saved as "<rule>/<slot>/<path>"
	Initial float64 // with which every element begins; default 0

	// Squares says that the slot holds squares of gradients, or means of them. A
	// gradient that is too large to square is then an error, and so is a negative
	// element in a tensor that is restored.
	Squares bool
}

// Float is an element of a parameter.
type Float interface{ float32 | float64 }

// Update changes Weights and Slots of one parameter by one step. It must not
// change the gradient, nor keep a slice after it returns.
type Update[T Float] func(s Step[T])

// Step is what an update is given: a parameter, or a part of it if the rule is
// Elementwise. All slices are as long as Weights.
type Step[T Float] struct {
	Path     string // of the parameter
	Weights  []T    // row-major
	Gradient []T    // after clipping; finite
	Slots    [][]T  // in the order of Rule.Slots
	Rate     T      // what Rule.Rate gives, or the learning rate
	Number   int    // of the step, from 1
}
