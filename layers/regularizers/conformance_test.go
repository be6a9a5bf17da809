package regularizers_test

import (
	"testing"

	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers/regularizers"
)

// specimens describe the regularizers with fields.
var specimens = []conformance.Part{
	{
		Value:    regularizers.L1{},
		Defaults: regularizers.L1{L1: 0.01},
		Other:    regularizers.L1{L1: 2},
		Compared: "TestGolden",
	},
	{
		Value:    regularizers.L2{},
		Defaults: regularizers.L2{L2: 0.01},
		Other:    regularizers.L2{L2: 2},
		Compared: "TestGolden",
	},
	{
		Value:    regularizers.L1L2{},
		Other:    regularizers.L1L2{L1: 1, L2: 2},
		Compared: "TestGolden",
	},
	{
		Value:    regularizers.OrthogonalRegularizer{},
		Defaults: regularizers.OrthogonalRegularizer{Factor: 0.01, Mode: regularizers.Rows},
		Other:    regularizers.OrthogonalRegularizer{Factor: 2, Mode: regularizers.Columns},
		Compared: "TestGolden",
	},
}

// All regularizers satisfy what each must.
func TestConformance(t *testing.T) { conformance.Parts(t, regularizers.All(), "Penalty", specimens) }
