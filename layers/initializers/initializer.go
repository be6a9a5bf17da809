// Package initializers has the initializers of Keras, which make the first values of
// parameters, as values for the config of a layer: a Name for those without parameters,
// and a struct for each of the others. A user's initializer is a type with the method
// Init of graph.Initializer.
//
// Every draw is taken from the source given to Init, so equal sources and shapes give
// equal elements.
package initializers

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/resolve"
	"github.com/engram-go/engram/internal/shapes"
)

// Resolver is an initializer that replaces the zero fields of its config by
// their defaults and checks all of them. Resolve must return a value of the
// initializer's type: a type that embeds an initializer with this method must define its
// own.
type Resolver interface {
	Resolve() (graph.Initializer, error)
}

// Resolve returns the initializer with every default filled in, or the
// fallback where it is nil or an empty Name. A layer calls it to check its
// config before anything is built; Init finds the same errors.
func Resolve(i, fallback graph.Initializer) (graph.Initializer, error) {
	if i == nil || i == Name("") {
		i = fallback
	}
	if i == nil {
		return nil, graph.Error{Field: "initializer", Rule: "must not be nil"}
	}
	return resolve.Of("an initializer", i)
}

// All lists every initializer of this package: the names, and each struct with
// zero fields where that is allowed. A registry of saved configs starts from it.
func All() []any {
	var all []any
	for _, m := range meanings {
		all = append(all, m.name)
	}
	return append(all, Constant{}, Identity{}, RandomNormal{}, TruncatedNormal{}, RandomUniform{}, VarianceScaling{}, Orthogonal{}, Chrono{MaxSteps: 100})
}

// size is the number of elements of a parameter.
func size(shape graph.Shape) (int, error) {
	n := 1
	for _, d := range shape {
		if d < 1 || n > shapes.MaxElements/d {
			return 0, graph.Error{
				Field: "shape", Value: shape.String(),
				Rule: fmt.Sprintf("must have positive axes and at most %d elements", shapes.MaxElements),
			}
		}
		n *= d
	}
	return n, nil
}

// draw fills a parameter with one draw after the other.
func draw(shape graph.Shape, next func() float64) ([]float64, error) {
	n, err := size(shape)
	if err != nil {
		return nil, err
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = next()
	}
	return out, nil
}

// fillPositive replaces 0 by the default and refuses what is not positive and finite.
func fillPositive(field string, x *float64, fallback float64) error {
	if *x == 0 {
		*x = fallback
	}
	if !(*x > 0) || math.IsInf(*x, 0) {
		return graph.Error{Field: field, Rule: "must be positive and finite", Value: *x}
	}
	return nil
}

func checkFinite(field string, x float64) error {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return graph.Error{Field: field, Rule: "must be finite", Value: x}
	}
	return nil
}

// Name is an initializer without parameters, spelt as in Keras. A name that is
// not one of the constants is an error of Init.
type Name string

// The initializers without parameters. For a kernel [in, out], fan_in is in and
// fan_out is out; see VarianceScaling for other shapes. The normal distributions are
// truncated at two standard deviations, and the deviation given here is that after the
// truncation.
const (
	Zeros         Name = "zeros"          // all 0
	Ones          Name = "ones"           // all 1
	GlorotUniform Name = "glorot_uniform" // uniform within ±√(6 / (fan_in + fan_out))
	GlorotNormal  Name = "glorot_normal"  // normal with deviation √(2 / (fan_in + fan_out))
	HeUniform     Name = "he_uniform"     // uniform within ±√(6 / fan_in)
	HeNormal      Name = "he_normal"      // normal with deviation √(2 / fan_in)
	LecunUniform  Name = "lecun_uniform"  // uniform within ±√(3 / fan_in)
	LecunNormal   Name = "lecun_normal"   // normal with deviation √(1 / fan_in)
)

// meanings are the initializers of the names.
var meanings = []struct {
	name Name
	init graph.Initializer
}{
	{Zeros, Constant{0}},
	{Ones, Constant{1}},
	{GlorotUniform, VarianceScaling{1, FanAvg, Uniform}},
	{GlorotNormal, VarianceScaling{1, FanAvg, Truncated}},
	{HeUniform, VarianceScaling{2, FanIn, Uniform}},
	{HeNormal, VarianceScaling{2, FanIn, Truncated}},
	{LecunUniform, VarianceScaling{1, FanIn, Uniform}},
	{LecunNormal, VarianceScaling{1, FanIn, Truncated}},
}

// Resolve reports a name that is unknown.
func (n Name) Resolve() (graph.Initializer, error) {
	_, err := n.find()
	return n, err
}

// Init makes the elements.
func (n Name) Init(r *rand.Rand, shape graph.Shape) ([]float64, error) {
	init, err := n.find()
	if err != nil {
		return nil, err
	}
	return init.Init(r, shape)
}

func (n Name) find() (graph.Initializer, error) {
	known := ""
	for _, m := range meanings {
		if m.name == n {
			return m.init, nil
		}
		known += string(m.name) + ", "
	}
	return nil, graph.Error{
		Field: "initializer",
		Rule:  fmt.Sprintf("must be one of %sor a struct with parameters such as Orthogonal{} or Constant{}", known),
		Value: fmt.Sprintf("%q", string(n)),
	}
}
