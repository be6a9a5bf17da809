package activations

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/kernels"
)

// Name is an activation without parameters, spelt as in Keras. A name that is
// not one of the constants is an error of the layer that applies it.
type Name string

// The activations without parameters. At a corner the derivative is that of
// the flat side, as in PyTorch; SELU's at 0 is that of the left side.
const (
	Linear        Name = "linear"          // x
	ReLU          Name = "relu"            // max(x, 0)
	ReLU6         Name = "relu6"           // min(max(x, 0), 6)
	SELU          Name = "selu"            // 1.0507 x where x > 0, 1.0507 · 1.6733 (eˣ − 1) elsewhere
	Softplus      Name = "softplus"        // log(1 + eˣ)
	Softsign      Name = "softsign"        // x / (1 + |x|)
	SparsePlus    Name = "sparse_plus"     // 0 below −1, (x + 1)² / 4, x above 1
	SiLU          Name = "silu"            // x · sigmoid(x), also known as swish
	Mish          Name = "mish"            // x · tanh(softplus(x))
	Tanh          Name = "tanh"            // (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)
	TanhShrink    Name = "tanh_shrink"     // x − tanh(x)
	Sigmoid       Name = "sigmoid"         // 1 / (1 + e⁻ˣ)
	LogSigmoid    Name = "log_sigmoid"     // log sigmoid(x)
	SparseSigmoid Name = "sparse_sigmoid"  // 0 below −1, (x + 1) / 2, 1 above 1
	HardSigmoid   Name = "hard_sigmoid"    // 0 below −3, (x + 3) / 6, 1 above 3
	HardSigmoidV1 Name = "hard_sigmoid_v1" // 0 below −2.5, 0.2 x + 0.5, 1 above 2.5: hard_sigmoid before Keras 3
	HardSiLU      Name = "hard_silu"       // x · hard_sigmoid(x), also known as hard swish
	HardTanh      Name = "hard_tanh"       // −1 below −1, x, 1 above 1
	Exponential   Name = "exponential"     // eˣ
)

// functions are the meanings of the names.
var functions = []struct {
	name Name
	f    graph.Function
}{
	{Linear, graph.Function{}},
	{ReLU, kernels.ReLU.With()},
	{ReLU6, kernels.Line.With(0, 6, 0, 6)},
	{SELU, kernels.ExpLinear.With(seluScale, seluScale*seluAlpha, 1)},
	{Softplus, kernels.Softplus.With()},
	{Softsign, kernels.Softsign.With()},
	{SparsePlus, kernels.SparsePlus.With()},
	{SiLU, kernels.SiLU.With()},
	{Mish, kernels.Mish.With()},
	{Tanh, kernels.Tanh.With()},
	{TanhShrink, kernels.TanhShrink.With()},
	{Sigmoid, kernels.Sigmoid.With()},
	{LogSigmoid, kernels.LogSigmoid.With()},
	{SparseSigmoid, kernels.Line.With(-1, 1, 0, 1)},
	{HardSigmoid, kernels.Line.With(-3, 3, 0, 1)},
	{HardSigmoidV1, kernels.Line.With(-2.5, 2.5, 0, 1)},
	{HardSiLU, kernels.HardSiLU.With()},
	{HardTanh, kernels.Line.With(-1, 1, -1, 1)},
	{Exponential, kernels.Exp.With()},
}

// The constants of SELU, for which mean 0 and variance 1 are kept from layer
// to layer.
const (
	seluAlpha = 1.6732632423543772848170429916717
	seluScale = 1.0507009873554804934193349852946
)

// Resolve reports a name that is unknown.
func (n Name) Resolve() (Activation, error) {
	_, err := n.find()
	return n, err
}

// Apply computes the activation.
func (n Name) Apply(x graph.Value) graph.Value {
	f, err := n.find()
	if err != nil {
		x.Scope().Fail(err)
		return x
	}
	return x.Apply(f)
}

func (n Name) find() (graph.Function, error) {
	known := ""
	for _, f := range functions {
		if f.name == n {
			return f.f, nil
		}
		known += string(f.name) + ", "
	}
	return graph.Function{}, graph.Error{
		Field: "activation",
		Rule:  fmt.Sprintf("must be one of %sor a struct with parameters such as ELU{} or Softmax{}", known),
		Value: fmt.Sprintf("%q", string(n)),
	}
}
