package train_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"github.com/engram-go/engram/train/optimizers"
)

// setupCase is a training of which one thing is changed before it is resumed.
type setupCase struct {
	seed  uint64
	more  []layers.Layer
	cfg   train.Config
	data  datasets.Data
	fit   train.FitConfig
	model train.Model // instead of seed and more
}

// undescribed is a model that cannot be described: it has no method JSON.
type undescribed struct{ train.Model }

// hashes are those of samples in an error.
var hashes = regexp.MustCompile(`"[0-9a-f]{64}"`)

// failsOnce is data of which a sample cannot be read alone, the first time.
type failsOnce struct {
	datasets.Data
	row  int
	done bool
}

func (f *failsOnce) Gather(rows []int, into *datasets.Batch) error {
	if !f.done && len(rows) == 1 && rows[0] == f.row {
		f.done = true
		return errors.New("no connection")
	}
	return f.Data.Gather(rows, into)
}

func newSetupCase(t *testing.T) setupCase {
	return setupCase{
		seed: 1, more: []layers.Layer{layers.Dense{Units: 4}},
		cfg:  train.Config{Loss: losses.Huber{Delta: 2}, Optimizer: optimizers.Adam{Beta1: new(0.5)}, Metrics: []metrics.Metric{metrics.MAE{}}},
		data: table(t, 1, 10),
		fit:  train.FitConfig{Epochs: 2, BatchSize: 5, ValidationSplit: 0.2},
	}
}

func (c setupCase) run(t *testing.T) error {
	t.Helper()
	var m train.Model = linear(c.seed, c.more...)
	if c.model != nil {
		m = c.model
	}
	_, err := compile(t, m, c.cfg).Fit(background, c.data, c.fit)
	return err
}

// A state of another run is refused with a list of what differs, and nothing else.
func TestResumeNamesWhatDiffers(t *testing.T) {
	state := func(c setupCase) *train.State {
		t.Helper()
		var s *train.State
		c.fit.Callbacks = []train.Callback{train.CallbackFunc(func(e *train.Event) error {
			if e.Moment == train.TrainBatchEnd && e.Batch == 0 {
				s = e.Trainer.State()
			}
			return nil
		})}
		check(t, c.run(t))
		return written(t, s)
	}
	for name, c := range map[string]struct {
		change func(c *setupCase)
		want   string // all differences, joined
	}{
		"batch size":     {func(c *setupCase) { c.fit.BatchSize = 4 }, "FitConfig.BatchSize is 5 in the state and 4 now"}, // of as many batches
		"samples":        {func(c *setupCase) { c.data = table(t, 1, 20) }, "Data.FirstAndLast is HASH in the state and HASH now; Data.Samples is 8 in the state and 16 now; Validation.FirstAndLast is HASH in the state and HASH now; Validation.Samples is 2 in the state and 4 now"},
		"steps":          {func(c *setupCase) { c.fit.StepsPerEpoch = 3 }, "FitConfig.StepsPerEpoch is unset in the state and 3 now"},
		"shuffle":        {func(c *setupCase) { c.fit.NoShuffle = true }, "FitConfig.NoShuffle is unset in the state and true now"},
		"optimizer":      {func(c *setupCase) { c.cfg.Optimizer = optimizers.Adam{Beta1: new(0.25)} }, "Config.Optimizer.Value.Beta1 is 0.5 in the state and 0.25 now"},
		"its type":       {func(c *setupCase) { c.cfg.Optimizer = optimizers.SGD{} }, `Config.Optimizer.Type is "optimizers.Adam" in the state and "optimizers.SGD" now; Config.Optimizer.Value.Beta1 is 0.5 in the state and unset now`},
		"loss":           {func(c *setupCase) { c.cfg.Loss = losses.Huber{Delta: 1} }, "Config.Loss.Value.Delta is 2 in the state and 1 now"},
		"metrics":        {func(c *setupCase) { c.cfg.Metrics = append(c.cfg.Metrics, metrics.RMSE{}) }, `Config.Metrics is [{"Type":"metrics.MAE","Value":{}}] in the state and [{"Type":"metrics.MAE","Value":{}},{"Type":"metrics.RMSE","Value":{}}] now`},
		"seed":           {func(c *setupCase) { c.seed = math.MaxUint64 }, "Model.engram_config.config.seed is 1 in the state and 18446744073709551615 now"},
		"units":          {func(c *setupCase) { c.more[0] = layers.Dense{Units: 5} }, "Model.engram_config.config.layers[1].layer.config.units is 4 in the state and 5 now"},
		"first sample":   {func(c *setupCase) { c.data = table(t, 2, 10) }, "Data.FirstAndLast is HASH in the state and HASH now; Validation.FirstAndLast is HASH in the state and HASH now"},
		"validation":     {func(c *setupCase) { c.fit.ValidationSteps = 1 }, "FitConfig.ValidationSteps is unset in the state and 1 now"},
		"no description": {func(c *setupCase) { c.model = undescribed{linear(1, c.more...)} }, `Model.Dtype is unset in the state and "float64" now; Model.Name is unset in the state and "sequential" now; Model.Seed is unset in the state and 1 now; Model.engram_config is {"class_name":"Sequential","config":{"dtype":"float64","layers":[{"layer":{"clas… in the state and unset now; Model.engram_format is "1" in the state and unset now`},
	} {
		t.Run(name, func(t *testing.T) {
			changed := newSetupCase(t)
			changed.fit.Resume = state(newSetupCase(t))
			c.change(&changed)
			err := changed.run(t)
			wantError(t, err, "sequential: FitConfig.Resume must come from a run with the same model, data and config")
			_, list, _ := strings.Cut(fmt.Sprint(err), "different: ")
			if got := hashes.ReplaceAllString(list, "HASH"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	// A model that cannot be described in full: a Lambda is not in Config.Custom.
	lambda := newSetupCase(t)
	lambda.more = []layers.Layer{layers.Lambda{Function: layers.NewFunction("twice", func(_ *graph.Scope, x ...graph.Value) []graph.Value { return []graph.Value{x[0].Scale(2)} })}}
	lambda.fit.Resume = state(lambda)
	check(t, lambda.run(t))
	lambda.seed = 2
	wantError(t, lambda.run(t), "different: Model.Seed is 1 in the state and 2 now")

	// Data whose last sample cannot be read for the description, though it can later.
	flaky := newSetupCase(t)
	flaky.fit.ValidationSplit = 0
	flaky.data = &failsOnce{Data: flaky.data, row: 9}
	flaky.fit.Resume = state(flaky)
	wantError(t, flaky.run(t), `different: Data.Error is "no connection" in the state and unset now; Data.FirstAndLast is unset in the state and `)

	for name, change := range map[string]func(c *setupCase){
		"nothing":  func(*setupCase) {},
		"epochs":   func(c *setupCase) { c.fit.Epochs = 5 },
		"progress": func(c *setupCase) { c.fit.Progress = io.Discard },
		"callback": func(c *setupCase) { c.fit.Callbacks = []train.Callback{told{}} },
		"unknown":  func(c *setupCase) { c.fit.Resume.Fit.Setup = ""; c.cfg.Loss = losses.MSE{} },
	} {
		t.Run(name, func(t *testing.T) {
			same := newSetupCase(t)
			same.fit.Resume = state(newSetupCase(t))
			change(&same)
			check(t, same.run(t))
		})
	}
}

// looped is an optimizer with fields of many kinds.
type looped struct {
	optimizers.SGD
	Rate   float64
	Names  [2]string
	Counts map[int]uint8
	Call   func()
	Self   *looped
	hidden int
}

// Configs of any form are compared, and never make Fit fail.
func TestSetupOfAnyConfig(t *testing.T) {
	loop := &looped{SGD: optimizers.SGD{Momentum: 0.5}, Rate: math.Inf(1), Names: [2]string{"a", "b"}, Counts: map[int]uint8{-1: 2}, Call: func() {}, hidden: 1}
	loop.Self = loop
	c := newSetupCase(t)
	c.cfg.Optimizer = loop
	var setup string
	c.fit.Callbacks = []train.Callback{train.CallbackFunc(func(e *train.Event) error {
		setup = e.Trainer.State().Fit.Setup
		return nil
	})}
	check(t, c.run(t))
	want := `"Optimizer":{"Type":"*train_test.looped","Value":{"Call":"func()","Counts":{"-1":2},"Names":["a","b"],"Rate":"+Inf","SGD":{"Momentum":0.5},"Self":{`
	if !strings.Contains(setup, want) {
		t.Errorf("%s has no %s", setup, want)
	}
}
