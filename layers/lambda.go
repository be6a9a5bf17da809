package layers

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/layername"
)

// Lambda applies a user's function to its inputs.
//
//	in, out: those of the function
//
// A model with a Lambda is saved with the name of the function: the function itself
// must be in models.Config.Custom, and in models.LoadConfig.Custom to load it.
//
// An output has a mask only if the function adds one with
// graph.Value.WithMask; otherwise the mask of the input ends here, and Summary says
// so. That is also how to use a mask that is an input of the model, and how to add
// to the output of a layer that ends masks the mask of that layer's input; see the
// examples.
//
// A models.Stepper refuses a Lambda, since its function may use other steps;
// TimeDistributed calls it for each step.
type Lambda struct {
	Function Function // made by NewFunction; required
	Name     string   // "lambda", numbered, where empty
}

var _ Resolver = Lambda{}

// Function is a function of graph values with a name.
type Function struct{ named *namedFunction }

type namedFunction struct {
	name string
	call func(s *graph.Scope, inputs ...graph.Value) []graph.Value
}

// NewFunction returns a function with a name. It must follow the rules of Layer.Call:
// it is pure, runs once for every purpose and batch size, may declare weights, and
// reports errors through the scope.
func NewFunction(name string, call func(s *graph.Scope, inputs ...graph.Value) []graph.Value) Function {
	return Function{&namedFunction{name, call}}
}

// RegisteredName is the name by which the function is saved.
func (f Function) RegisteredName() string {
	if f.named == nil {
		return ""
	}
	return f.named.name
}

// String is the name.
func (f Function) String() string { return f.RegisteredName() }

// Resolve checks that there is a function.
func (l Lambda) Resolve() (Layer, error) {
	if l.Function.named == nil || l.Function.named.call == nil {
		return nil, graph.Error{Field: "Lambda.Function", Rule: "must be set"}
	}
	return l, layername.Check("Lambda.Function", l.Function.named.name)
}

// Call applies the function.
func (l Lambda) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	if len(inputs) == 0 {
		s.Failf("Lambda", "must have an input", 0)
		return nil
	}
	out := l.Function.named.call(s, inputs...)
	if s.Err() != nil {
		return inputs
	}
	if len(out) == 0 {
		s.Failf("Lambda.Function", "must return a value", 0)
		return inputs
	}
	for _, y := range out {
		if y.Scope() == nil {
			s.Failf("Lambda.Function", "must return values of the graph that is being built", "an empty one")
			return inputs
		}
	}
	return out
}
