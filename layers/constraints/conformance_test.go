package constraints_test

import (
	"testing"

	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers/constraints"
)

// specimens describe the constraints with fields.
var specimens = []conformance.Part{
	{
		Value:    constraints.MaxNorm{},
		Defaults: constraints.MaxNorm{MaxValue: 2, Axes: []int{0}},
		Valid:    map[string]any{"Axes": []int{0}},
		Other:    constraints.MaxNorm{MaxValue: 1, Axes: []int{1, 0}},
		Compared: "TestGolden",
	},
	{
		Value:    constraints.UnitNorm{},
		Defaults: constraints.UnitNorm{Axes: []int{0}},
		Valid:    map[string]any{"Axes": []int{0}},
		Other:    constraints.UnitNorm{Axes: []int{1}},
		Compared: "TestGolden",
	},
	{
		Value:    constraints.MinMaxNorm{},
		Defaults: constraints.MinMaxNorm{MaxValue: 1, Rate: 1, Axes: []int{0}},
		Valid:    map[string]any{"Axes": []int{0}},
		Other:    constraints.MinMaxNorm{MinValue: 0.5, MaxValue: 2, Rate: 0.25, Axes: []int{1}},
		Compared: "TestGolden",
	},
	{
		Value:    constraints.NonNeg{},
		Compared: "TestGolden",
	},
}

// All constraints satisfy what each must.
func TestConformance(t *testing.T) { conformance.Parts(t, constraints.All(), "Constrain", specimens) }
