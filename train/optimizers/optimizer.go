package optimizers

import "github.com/engram-go/engram/graph"

// Optimizer is the config of an optimizer. Start checks it and sets it to work
// on trainable parameters of one dtype, none of which it changes yet.
type Optimizer interface {
	Start(params []*graph.Param) (*State, error)
}

// rule is the formula of an optimizer, with its options worked in.
type rule struct {
	name         string   // begins the names of its tensors, such as "adam"
	memory       []string // what it keeps for each parameter, such as "m"
	squares      string   // the one of them that holds squares of gradients, or ""
	clip         clip
	learningRate float64 // to start from

	// rate is the size of step t, the first being 1.
	rate func(learningRate float64, t int) float64

	f32 kernel[float32]
	f64 kernel[float64]
}

// kernel changes a parameter w along its gradient g by one step. The memory is
// in the order of rule.memory, each as long as w, and begins as zeros.
type kernel[T float] func(w, g []T, memory [][]T, rate T)

// float is an element of a parameter.
type float interface{ float32 | float64 }
