package initializers_test

import (
	"testing"

	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers/initializers"
)

// specimens describe the initializers with fields.
var specimens = []conformance.Part{
	{
		Value:    initializers.Constant{},
		Valid:    map[string]any{"Value": -1.0},
		Other:    initializers.Constant{Value: 0.25},
		Compared: "TestConstants",
	},
	{
		Value:    initializers.Identity{},
		Defaults: initializers.Identity{Gain: 1},
		Other:    initializers.Identity{Gain: 3},
		Compared: "TestConstants",
	},
	{
		Value:    initializers.RandomNormal{},
		Defaults: initializers.RandomNormal{Stddev: 0.05},
		Valid:    map[string]any{"Mean": -1.0},
		Other:    initializers.RandomNormal{Mean: -1, Stddev: 0.5},
		Compared: "TestStatistics",
	},
	{
		Value:    initializers.TruncatedNormal{},
		Defaults: initializers.TruncatedNormal{Stddev: 0.05},
		Valid:    map[string]any{"Mean": -1.0},
		Other:    initializers.TruncatedNormal{Mean: -1, Stddev: 0.5},
		Compared: "TestStatistics",
	},
	{
		Value:    initializers.RandomUniform{},
		Defaults: initializers.RandomUniform{Min: -0.05, Max: 0.05},
		Valid:    map[string]any{"Min": -1.0},
		Other:    initializers.RandomUniform{Min: 1, Max: 2},
		Compared: "TestStatistics",
	},
	{
		Value:    initializers.VarianceScaling{},
		Defaults: initializers.VarianceScaling{Scale: 1, Mode: initializers.FanIn, Distribution: initializers.Truncated},
		Other:    initializers.VarianceScaling{Scale: 2, Mode: initializers.FanAvg, Distribution: initializers.Uniform},
		Compared: "TestStatistics",
	},
	{
		Value:    initializers.Orthogonal{},
		Defaults: initializers.Orthogonal{Gain: 1},
		Other:    initializers.Orthogonal{Gain: 2},
		Compared: "TestOrthogonalAgainstGramSchmidt",
	},
	{
		Value:    initializers.Chrono{MaxSteps: 100},
		Other:    initializers.Chrono{MaxSteps: 7},
		Compared: "TestStatistics",
	},
}

// All initializers satisfy what each must.
func TestConformance(t *testing.T) { conformance.Parts(t, initializers.All(), "Init", specimens) }
