package initializers

import (
	"fmt"
	"math/rand/v2"

	"github.com/engram-go/engram/graph"
)

// Name is an initializer without parameters, spelt as in Keras. A name that is
// not one of the constants is an error of Init.
type Name string

// The initializers without parameters. For a kernel [in, out], fan_in is in and
// fan_out is out; VarianceScaling says what they are for other shapes. The
// normals are cut off at two standard deviations, and the deviation given here
// is that of what is left.
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

// meanings says what the names stand for.
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
