package activations_test

import (
	"testing"

	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers/activations"
)

// specimens describe the activations with fields.
var specimens = []conformance.Part{
	{
		Value:    activations.LeakyReLU{},
		Defaults: activations.LeakyReLU{NegativeSlope: 0.2},
		Other:    activations.LeakyReLU{NegativeSlope: 0.7},
		Compared: "TestElementwiseAgainstPyTorch",
	},
	{
		Value:    activations.ELU{},
		Defaults: activations.ELU{Alpha: 1},
		Other:    activations.ELU{Alpha: 1.7},
		Compared: "TestElementwiseAgainstPyTorch",
	},
	{
		Value:    activations.CELU{},
		Defaults: activations.CELU{Alpha: 1},
		Other:    activations.CELU{Alpha: 0.4},
		Compared: "TestElementwiseAgainstPyTorch",
	},
	{
		Value:    activations.GELU{},
		Other:    activations.GELU{Approximate: true},
		Compared: "TestElementwiseAgainstPyTorch",
	},
	{
		Value:    activations.Squareplus{},
		Defaults: activations.Squareplus{B: 4},
		Other:    activations.Squareplus{B: 0.3},
		Compared: "TestElementwiseAgainstPyTorch",
	},
	{
		Value:    activations.HardShrink{},
		Defaults: activations.HardShrink{Threshold: 0.5},
		Other:    activations.HardShrink{Threshold: 0.125},
		Compared: "TestElementwiseAgainstPyTorch",
	},
	{
		Value:    activations.SoftShrink{},
		Defaults: activations.SoftShrink{Threshold: 0.5},
		Other:    activations.SoftShrink{Threshold: 0.125},
		Compared: "TestElementwiseAgainstPyTorch",
	},
	{
		Value:    activations.Threshold{},
		Valid:    map[string]any{"Threshold": -1.0, "DefaultValue": -1.0},
		Other:    activations.Threshold{Threshold: -10, DefaultValue: 3},
		Compared: "TestElementwiseAgainstPyTorch",
	},
	{
		Value:    activations.Softmax{},
		Defaults: activations.Softmax{Axis: -1},
		Other:    activations.Softmax{Axis: 1},
		Compared: "TestAlongAxisAgainstPyTorch",
	},
	{
		Value:    activations.LogSoftmax{},
		Defaults: activations.LogSoftmax{Axis: -1},
		Other:    activations.LogSoftmax{Axis: 1},
		Compared: "TestAlongAxisAgainstPyTorch",
	},
	{
		Value:    activations.Sparsemax{},
		Defaults: activations.Sparsemax{Axis: -1},
		Other:    activations.Sparsemax{Axis: 1},
		Compared: "TestAlongAxisAgainstPyTorch",
	},
	{
		Value:    activations.GLU{},
		Defaults: activations.GLU{Axis: -1},
		Other:    activations.GLU{Axis: 1},
		Compared: "TestAlongAxisAgainstPyTorch",
	},
}

// All activations satisfy what each must.
func TestConformance(t *testing.T) { conformance.Parts(t, activations.All(), "Apply", specimens) }
