package optimizers_test

import (
	"math"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// layered are parameters of a model.
func layered(n int) map[string]graphtest.Array {
	return map[string]graphtest.Array{
		"net/lstm/kernel": graphtest.Input(1, n), "net/lstm/bias": graphtest.Input(2, n), "net/lstm_1/kernel": graphtest.Input(3, n),
		"net/out/kernel": graphtest.Input(4, n), "net/out/bias": graphtest.Input(5, n),
	}
}

func beginWith(t fatal, o optimizers.Optimizer, params *graph.Params, cfg optimizers.Config) *optimizers.State {
	t.Helper()
	s, err := optimizers.Start(o, params.All(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Groups are the same as an optimizer of their own for each parameter.
func TestGroups(t *testing.T) {
	none, half := 0.0, 0.5
	cfg := optimizers.Config{Groups: []optimizers.Group{
		{Paths: []string{"lstm*/kernel", "net/out"}, RateFactor: 0.25},
		optimizers.NoWeightDecay("bias"),
		{Paths: []string{"out"}, WeightDecay: &half},
		{Paths: []string{"lstm_?"}, RateFactor: 3, WeightDecay: &none},
	}}
	own := map[string][2]float64{ // factor of the rate, and weight decay
		"net/lstm/kernel": {0.25, 0.2}, "net/lstm/bias": {1, 0}, "net/lstm_1/kernel": {3, 0}, "net/out/kernel": {0.25, 0.5}, "net/out/bias": {0.25, 0.5},
	}
	forSpecimens(t, func(t *testing.T, s specimen, dtype tensor.Dtype, _ float64) {
		rate := begin(t, s.zero(), declare(t, dtype, layered(1))).LearningRate()
		o := with(s.zero(), "WeightDecay", 0.2)
		params := declare(t, dtype, layered(3))
		state := beginWith(t, o, params, cfg)
		for k := range 3 {
			step(t, state, params, gradients(dtype, params, k)...)
		}
		for path, want := range own {
			one := declare(t, dtype, map[string]graphtest.Array{path: layered(3)[path]})
			state := begin(t, with(with(s.zero(), "LearningRate", rate*want[0]), "WeightDecay", want[1]), one)
			for k := range 3 {
				for i, p := range params.All() {
					if p.Path == path {
						step(t, state, one, gradients(dtype, params, k)[i])
					}
				}
			}
			sameBits(t, path, numbers(params.Get(path).Value()), numbers(one.Get(path).Value()))
		}
	})
}

// gradients are those of step k for all parameters.
func gradients(dtype tensor.Dtype, params *graph.Params, k int) []*tensor.Dense {
	var out []*tensor.Dense
	for i, p := range params.All() {
		out = append(out, dense(dtype, p.Shape, graphtest.Input(100*k+i, p.Shape.Size()).Data...))
	}
	return out
}

func TestBadConfigs(t *testing.T) {
	nan, params := math.NaN(), declare(t, tensor.Float32, layered(2))
	for _, c := range []struct {
		cfg  optimizers.Config
		want errs.Error
		says string
	}{
		{optimizers.Config{Groups: []optimizers.Group{{}}}, errs.Error{Field: "Groups[0].Paths"}, "must have a pattern"},
		{optimizers.Config{Groups: []optimizers.Group{optimizers.NoWeightDecay("bias", "ltsm")}}, errs.Error{Field: "Groups[0].Paths", Value: "ltsm"}, "the nearest are lstm, "},
		{optimizers.Config{Groups: []optimizers.Group{{Paths: []string{"out/kernle"}}}}, errs.Error{Field: "Groups[0].Paths", Value: "out/kernle"}, "out/kernel"},
		{optimizers.Config{Groups: []optimizers.Group{{Paths: []string{"ernel"}}}}, errs.Error{Field: "Groups[0].Paths", Value: "ernel"}, "kernel"},
		{optimizers.Config{Groups: []optimizers.Group{{Paths: []string{"net/*"}}}}, errs.Error{}, ""},
		{optimizers.Config{Groups: []optimizers.Group{{Paths: []string{"[a"}}}}, errs.Error{Field: "Groups[0].Paths", Value: "[a"}, "Match"},
		{optimizers.Config{Groups: []optimizers.Group{{Paths: []string{"a/b/c/[d"}}}}, errs.Error{Field: "Groups[0].Paths", Value: "a/b/c/[d"}, "Match"},
		{optimizers.Config{Groups: []optimizers.Group{{Paths: []string{"bias"}, RateFactor: -1}}}, errs.Error{Field: "Groups[0].RateFactor", Value: -1}, ""},
		{optimizers.Config{Groups: []optimizers.Group{{Paths: []string{"bias"}}, {Paths: []string{"bias"}, WeightDecay: &nan}}}, errs.Error{Field: "Groups[1].WeightDecay", Value: nan}, ""},
		{optimizers.Config{GradientAccumulationSteps: -1}, errs.Error{Field: "GradientAccumulationSteps", Value: -1}, ""},
		{optimizers.Config{GradientAccumulationSteps: 1 << 30}, errs.Error{Field: "GradientAccumulationSteps", Value: 1 << 30}, ""},
		{optimizers.Config{EMA: &optimizers.EMA{Momentum: new(1.0)}}, errs.Error{Field: "EMA.Momentum", Value: 1}, ""},
		{optimizers.Config{EMA: &optimizers.EMA{OverwriteFrequency: -1}}, errs.Error{Field: "EMA.OverwriteFrequency", Value: -1}, ""},
	} {
		_, err := optimizers.Start(optimizers.Adam{}, params.All(), c.cfg)
		if c.want.Field == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		errtest.Check(t, err, c.want)
		if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: must say %q", err, c.says)
		}
	}
	// A slot of the rule cannot be one of the config's.
	r, err := optimizers.SGD{}.Rule(tensor.Float32)
	if err != nil {
		t.Fatal(err)
	}
	r.Slots = []optimizers.Slot{{Name: "average"}}
	_, err = optimizers.Start(ruled{r}, params.All(), optimizers.Config{EMA: &optimizers.EMA{}})
	errtest.Check(t, err, errs.Error{Field: "ruled.Rule.Slots", Value: "average"})
}

// Weight decay reaches rows that no sample has used, and their averages move.
func TestStepRowsWithConfig(t *testing.T) {
	groups := []optimizers.Group{{Paths: []string{"w"}, WeightDecay: new(0.1)}}
	for name, c := range map[string]struct {
		o   optimizers.Optimizer
		cfg optimizers.Config
	}{
		"AdamW":         {optimizers.AdamW{}, optimizers.Config{}},
		"group":         {optimizers.SGD{}, optimizers.Config{Groups: groups}},
		"no decay":      {optimizers.AdamW{}, optimizers.Config{Groups: []optimizers.Group{optimizers.NoWeightDecay("w")}}},
		"averages":      {optimizers.SGD{}, optimizers.Config{EMA: &optimizers.EMA{Momentum: new(0.5)}}},
		"overwritten":   {optimizers.Adam{}, optimizers.Config{EMA: &optimizers.EMA{Momentum: new(0.5), OverwriteFrequency: 2}}},
		"accumulated":   {optimizers.Adam{}, optimizers.Config{GradientAccumulationSteps: 2}},
		"accumulated 3": {optimizers.SGD{ClipNorm: 0.1}, optimizers.Config{GradientAccumulationSteps: 3}},
		"all":           {optimizers.AdamW{ClipValue: 0.1}, optimizers.Config{GradientAccumulationSteps: 2, EMA: &optimizers.EMA{}, Groups: groups}},
	} {
		for _, shape := range []graph.Shape{{50, 5}, {400, 33}} {
			checkRows(t, name, c.o, c.cfg, shape, tensor.Float32)
			checkRows(t, name, c.o, c.cfg, shape, tensor.Float64)
		}
	}
	params := declare(t, tensor.Float64, map[string]graphtest.Array{"w": {Shape: graph.Shape{3, 1}, Data: []float64{1, 1, 1}}})
	s := begin(t, optimizers.SGD{LearningRate: 0.5, WeightDecay: 0.5}, params)
	for range 2 {
		if err := s.StepRows([]*tensor.Dense{dense(tensor.Float64, []int{3, 1}, 0, 1, 0)}, [][]int{{1}}); err != nil {
			t.Fatal(err)
		}
	}
	graphtest.CheckOutput(t, "w", numbers(params.Get("w").Value()), []float64{0.5625, -0.3125, 0.5625}, 0)
}
