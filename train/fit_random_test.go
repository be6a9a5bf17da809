package train_test

import (
	"runtime"
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// observed is data that remembers the order in which it was asked for.
type observed struct {
	datasets.Data
	rows []int
}

func (d *observed) Gather(rows []int, into *datasets.Batch) error {
	d.rows = append(d.rows, rows...)
	return d.Data.Gather(rows, into)
}

// orders are the orders of the samples in the epochs of one call of Fit.
func orders(t *testing.T, trainer *train.Trainer, n int, cfg train.FitConfig) [][]int {
	t.Helper()
	d := &observed{Data: table(t, 1, n)}
	_, err := trainer.Fit(background, d, cfg)
	check(t, err)
	return slices.Collect(slices.Chunk(d.rows, n))
}

func TestOrders(t *testing.T) {
	const n = 40
	cfg := train.FitConfig{Epochs: 3, BatchSize: 7}
	trainer := compile(t, linear(1), train.Config{})
	first := orders(t, trainer, n, cfg)
	second := orders(t, trainer, n, cfg) // of the same trainer, which continues
	other := orders(t, compile(t, linear(2), train.Config{}), n, cfg)
	all := slices.Concat(first, second, other)
	if len(all) != 9 {
		t.Fatalf("%d orders, want 9", len(all))
	}
	sorted := make([]int, n)
	for i := range sorted {
		sorted[i] = i
	}
	for i, a := range all {
		if !slices.Equal(slices.Sorted(slices.Values(a)), sorted) {
			t.Errorf("order %d is not of every sample once: %v", i, a)
		}
		if slices.Equal(a, sorted) {
			t.Errorf("order %d is sorted", i)
		}
		for j := range i {
			if slices.Equal(a, all[j]) {
				t.Errorf("orders %d and %d are equal", i, j)
			}
		}
	}
	again := orders(t, compile(t, linear(1), train.Config{}), n, cfg)
	if !slices.EqualFunc(first, again, slices.Equal) {
		t.Error("the same seed gave other orders")
	}
	cfg.NoShuffle = true
	for i, a := range orders(t, trainer, n, cfg) {
		if !slices.Equal(a, sorted) {
			t.Errorf("order %d without shuffle: %v", i, a)
		}
	}
}

// arranged is observed data that choose the order of the samples.
type arranged struct {
	observed
	arrange func(order []int) []int
}

func (d *arranged) Order(order []int, batch int) []int { return d.arrange(order) }

// Data choose the order of their samples in each pass, where they are shuffled.
func TestOrderOfData(t *testing.T) {
	const n = 10
	cfg := train.FitConfig{Epochs: 2, BatchSize: 3}
	d := &arranged{observed: observed{Data: table(t, 1, n)}}
	var given []int
	d.arrange = func(order []int) []int {
		given = append(given, order...)
		slices.Sort(order)
		slices.Reverse(order)
		return order
	}
	_, err := compile(t, linear(1), train.Config{}).Fit(background, d, cfg)
	check(t, err)
	want := []int{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}
	if !slices.Equal(d.rows, slices.Concat(want, want)) {
		t.Errorf("read in the order %v", d.rows)
	}
	if plain := orders(t, compile(t, linear(1), train.Config{}), n, cfg); !slices.Equal(given, slices.Concat(plain...)) {
		t.Errorf("given the order %v, want %v", given, plain)
	}

	d.arrange = func(order []int) []int { return order[:n-1] }
	_, err = compile(t, linear(1), train.Config{}).Fit(background, d, cfg)
	errtest.Check(t, err, graph.Error{Field: "Order"})
	cfg.NoShuffle = true
	_, err = compile(t, linear(1), train.Config{}).Fit(background, d, cfg)
	check(t, err)
}

// The validation part is the last samples, whatever the order.
func TestSplitIsBeforeShuffle(t *testing.T) {
	d := &observed{Data: table(t, 1, 10)}
	_, err := compile(t, linear(1), train.Config{}).Fit(background, d, train.FitConfig{ValidationSplit: 0.3})
	check(t, err)
	if !slices.Equal(slices.Sorted(slices.Values(d.rows[:7])), []int{0, 1, 2, 3, 4, 5, 6}) || !slices.Equal(d.rows[7:], []int{7, 8, 9}) {
		t.Errorf("asked for %v, want 0 to 6 in some order and then 7, 8, 9", d.rows)
	}
}

// run trains an LSTM with dropout and gives the hash of its weights.
func run(t *testing.T, seed uint64) string {
	t.Helper()
	m := models.NewSequential(models.Config{Seed: seed},
		layers.Input{Shape: graph.Shape{features, 1}},
		layers.LSTM{Units: 4, Dropout: 0.2},
		layers.Dropout{Rate: 0.5},
		layers.Dense{Units: 1},
	)
	x, y := rows(1, 30)
	in, err := datasets.Matrix(x, tensor.Float32)
	check(t, err)
	check(t, in.Reshape(len(x), features, 1))
	out, err := datasets.Matrix(y, tensor.Float32)
	check(t, err)
	data, err := datasets.FromTensors([]*tensor.Dense{in}, []*tensor.Dense{out})
	check(t, err)
	trainer, err := train.Compile(m, train.Config{Loss: losses.MSE{}, Optimizer: optimizers.Adam{}})
	check(t, err)
	_, err = trainer.Fit(background, data, train.FitConfig{Epochs: 3, BatchSize: 8, ValidationSplit: 0.2})
	check(t, err)
	return hash(t, m)
}

func TestSameSeedSameBits(t *testing.T) {
	first := run(t, 1)
	for _, procs := range []int{1, 2, 4} {
		old := runtime.GOMAXPROCS(procs)
		again := run(t, 1)
		runtime.GOMAXPROCS(old)
		if again != first {
			t.Errorf("with GOMAXPROCS %d: weights %s, want %s", procs, again, first)
		}
	}
	if run(t, 2) == first {
		t.Error("another seed gave the same weights")
	}
}

// Dropout has new draws at every step and epoch: with a learning rate of 0 the
// weights stay, and only the draws can change the loss.
func TestDropoutDrawsAnew(t *testing.T) {
	m := linear(1, layers.Dropout{Rate: 0.5})
	trainer := compile(t, m, train.Config{})
	check(t, trainer.Optimizer().SetLearningRate(0))
	data := table(t, 1, 30)
	seen := map[float64]bool{}
	for range 5 {
		loss, err := trainer.Step(background, batch(t, data))
		check(t, err)
		seen[loss] = true
	}
	history, err := trainer.Fit(background, data, train.FitConfig{Epochs: 5})
	check(t, err)
	for _, loss := range history.Values["loss"] {
		seen[loss] = true
	}
	if len(seen) != 10 {
		t.Errorf("%d different losses in 10 draws", len(seen))
	}
	first, err := trainer.Evaluate(background, data, train.EvaluateConfig{})
	check(t, err)
	second, err := trainer.Evaluate(background, data, train.EvaluateConfig{})
	check(t, err)
	if !slices.Equal(first, second) {
		t.Errorf("evaluations differ: %v and %v", first, second)
	}
}

// Two calls of Fit are like one with all the epochs.
func TestFitGoesOn(t *testing.T) {
	fit := func(epochs ...int) (*models.Sequential, []float64) {
		m := linear(1, layers.Dropout{Rate: 0.3})
		trainer := compile(t, m, train.Config{Optimizer: optimizers.Adam{}})
		var all []float64
		for _, n := range epochs {
			history, err := trainer.Fit(background, table(t, 1, 20), train.FitConfig{Epochs: n, BatchSize: 6})
			check(t, err)
			all = append(all, history.Values["loss"]...)
		}
		return m, all
	}
	whole, want := fit(5)
	parts, got := fit(2, 1, 2)
	if hash(t, whole) != hash(t, parts) || !slices.Equal(got, want) {
		t.Errorf("losses %v in parts, %v in one", got, want)
	}
}
