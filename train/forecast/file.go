package forecast

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/codec"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/regularizers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/schedules"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// A file of a forecaster is that of its model, as package models writes it, with more
// in the same safetensors file: a key of the metadata that holds stored as JSON, and tensors in
// float64 whose names begin with "forecast/". Files stay readable for ever by the rules of
// package models: an absent field is zero and means what an earlier version did, and an
// unknown one comes from a newer version.
const (
	storedKey     = "engram_forecast"
	tensorPrefix  = "forecast/"
	storedVersion = 1
)

// stored is what a file says of a forecaster, besides its model.
type stored struct {
	Version int
	Config  Config // without what is not saved
	Layout  layout
	Series  []storedSeries
	Fitted  []storedFitted // in the order of the parameters in the tensor "fitted"
	Verdict Verdict
	Updates []Updated

	Residuals   residuals
	ResidualsOf []storedResiduals
}

// storedSeries is one of the newest rows; the numbers are in the tensor "rows", column by
// column.
type storedSeries struct {
	Name    string
	Columns []string
	Index   []string
	Times   []string // in RFC 3339
	Rows    int
}

// storedFitted is the fitted transform of a column.
type storedFitted struct {
	Series, Column string
	Still          bool // the column did not vary
	Parameters     int  // how many numbers it has
}

// storedResiduals are those of one target of a series.
type storedResiduals struct {
	Series, Column  string
	Mean, Deviation float64
}

// LoadConfig says what a file may hold besides Engram's types.
type LoadConfig struct {
	Custom []any // as in Config
}

// registry knows all types that a config may hold.
func registry(custom []any) (*codec.Registry, error) {
	r, err := codec.NewRegistry(slices.Concat([]any{stored{}, Point{}, Quantiles{}, Gaussian{}, StudentT{}, NegativeBinomial{}},
		datasets.Transforms(), networks.All(), optimizers.All(), schedules.All(), losses.All(),
		layers.All(), activations.All(), initializers.All(), regularizers.All(), constraints.All())...)
	if err != nil {
		return nil, err
	}
	return r.With("Config.Custom", custom...)
}

// Save writes the forecaster to a file, which appears whole or not at all: columns,
// scaling, network, verdict and the newest rows. Load reads it.
func (f *Forecaster) Save(path string) error {
	file, err := f.file()
	if err != nil {
		return err
	}
	return safetensors.WriteFile(path, file)
}

// WriteTo writes what Save writes to a stream.
func (f *Forecaster) WriteTo(w io.Writer) (int64, error) {
	if w == nil {
		return 0, errs.Error{Path: "forecast", Field: "writer", Rule: "must not be nil"}
	}
	file, err := f.file()
	if err != nil {
		return 0, err
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, file); err != nil {
		return 0, err
	}
	return b.WriteTo(w)
}

func (f *Forecaster) file() (safetensors.File, error) {
	var b bytes.Buffer
	if _, err := f.predictor.model.WriteTo(&b); err != nil {
		return safetensors.File{}, err
	}
	file, err := safetensors.Read(&b)
	if err != nil {
		return file, err
	}
	s := stored{Version: storedVersion, Config: f.config, Layout: f.layout, Verdict: f.verdict, Updates: f.updates, Residuals: f.residuals}
	s.Config.Dtype, s.Config.Custom, s.Config.Progress = tensor.Dtype{}, nil, nil
	var rows, fitted, moves []float64
	for _, t := range f.tails {
		one := storedSeries{Name: t.Name, Columns: t.Columns, Index: t.Index, Rows: t.Len()}
		for _, at := range t.Times {
			one.Times = append(one.Times, at.Format(time.RFC3339Nano))
		}
		s.Series = append(s.Series, one)
		for _, values := range t.Values {
			rows = append(rows, values...)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(f.fitted)) {
		series, column, _ := strings.Cut(key, "\x00")
		one := storedFitted{Series: series, Column: column}
		var parameters []float64
		switch t := f.fitted[key].(type) {
		case still:
			one.Still, parameters = true, []float64{t.value}
		case datasets.Restorable:
			parameters = t.Parameters()
		default:
			return file, errs.Error{Path: "forecast", Field: "Config.Transform", Rule: "must fit to a type with the method Parameters() []float64 to be saved", Value: fmt.Sprintf("%T", t)}
		}
		one.Parameters = len(parameters)
		s.Fitted, fitted = append(s.Fitted, one), append(fitted, parameters...)
	}
	for _, key := range slices.Sorted(maps.Keys(f.residualsOf)) {
		series, column, _ := strings.Cut(key, "\x00")
		r := f.residualsOf[key]
		s.ResidualsOf = append(s.ResidualsOf, storedResiduals{series, column, r.Mean, r.Deviation})
	}
	for _, m := range f.predictor.calibration.Moves {
		moves = append(moves, m...)
	}
	for name, values := range map[string][]float64{"rows": rows, "fitted": fitted, "moves": moves} {
		if len(values) > 0 {
			file.Tensors[tensorPrefix+name] = dense.Of(values, len(values))
		}
	}
	r, err := registry(f.config.Custom)
	if err != nil {
		return file, err
	}
	text, err := r.Encode(s)
	if err != nil {
		return file, errs.At(err, "forecast", "")
	}
	file.Metadata[storedKey] = string(text)
	return file, nil
}

// Load reads a forecaster that Save wrote, in this version of Engram or an earlier one. The
// file is not trusted: one that is damaged, or says what does not fit together, is an error.
func Load(path string, config LoadConfig) (*Forecaster, error) {
	file, err := safetensors.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := restore(file, config)
	return f, errors.Wrap(err, path)
}

// Read reads from a stream what WriteTo wrote, as Load does. With bytes.NewReader it reads a
// file that is embedded in the program.
func Read(r io.Reader, config LoadConfig) (*Forecaster, error) {
	file, err := safetensors.Read(r)
	if err != nil {
		return nil, err
	}
	return restore(file, config)
}

func restore(file safetensors.File, config LoadConfig) (*Forecaster, error) {
	text, ok := file.Metadata[storedKey]
	if !ok {
		return nil, errs.Error{Field: storedKey, Rule: "must be in the file, as Forecaster.Save writes it; models.Load reads the files of models"}
	}
	r, err := registry(config.Custom)
	if err != nil {
		return nil, err
	}
	var s stored
	if err := r.Decode([]byte(text), &s); err != nil {
		return nil, errors.Wrap(err, storedKey)
	}
	if s.Version != storedVersion {
		return nil, errs.Error{Field: storedKey, Rule: fmt.Sprintf("must be of version %d; another one comes from a newer version of Engram", storedVersion), Value: s.Version}
	}
	delete(file.Metadata, storedKey)
	numbers := map[string][]float64{}
	for name, t := range file.Tensors {
		if rest, ok := strings.CutPrefix(name, tensorPrefix); ok {
			if t.Dtype() != tensor.Float64 {
				return nil, errs.Error{Field: name, Rule: "must be float64", Value: t.Dtype()}
			}
			numbers[rest] = dense.ToFloat64(t)
			delete(file.Tensors, name)
		}
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, file); err != nil {
		return nil, err
	}
	model, err := models.Read(&b, models.LoadConfig{Custom: slices.Concat(networks.All(), config.Custom)})
	if err != nil {
		return nil, err
	}
	return s.forecaster(model, config, numbers)
}

// forecaster puts a forecaster together, and checks that its parts fit.
func (s stored) forecaster(model *models.Model, config LoadConfig, numbers map[string][]float64) (*Forecaster, error) {
	c := s.Config
	c.Dtype, c.Custom = model.Dtype(), config.Custom
	c.Normalize = or(c.Normalize, NormalizeNone) // what an absent field meant in the first files
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	f := &Forecaster{config: c, layout: s.Layout, fitted: map[string]datasets.Fitted{}, verdict: s.Verdict, updates: s.Updates,
		residuals: s.Residuals, residualsOf: map[string]residuals{}}
	if err := f.layout.check(c); err != nil {
		return nil, err
	}
	take := taker{numbers}
	for _, one := range s.Series {
		series := &datasets.Series{Name: one.Name, Columns: one.Columns, Index: one.Index}
		for range one.Columns {
			series.Values = append(series.Values, take.next("rows", one.Rows))
		}
		for _, text := range one.Times {
			at, err := time.Parse(time.RFC3339Nano, text)
			if err != nil {
				return nil, errors.Wrap(err, storedKey)
			}
			series.Times = append(series.Times, at)
		}
		if err := series.Check(); err != nil {
			return nil, errs.At(err, storedKey, "")
		}
		f.tails = append(f.tails, series)
	}
	for _, one := range s.Fitted {
		parameters := take.next("fitted", one.Parameters)
		var fitted datasets.Fitted
		switch r, ok := c.Transform.(datasets.Restorer); {
		case one.Still && len(parameters) == 1:
			fitted = still{parameters[0], c.Transform.Lag() > 0}
		case ok && !one.Still:
			if fitted, err = r.Restore(parameters); err != nil {
				return nil, errs.At(err, storedKey, one.Column)
			}
		default:
			return nil, errs.Error{Field: "Config.Transform", Rule: "must have the method Restore(parameters []float64) (datasets.Fitted, error) to be read", Value: fmt.Sprintf("%T", c.Transform)}
		}
		f.fitted[(&track{name: one.Series}).key(one.Column)] = fitted
	}
	for _, one := range s.ResidualsOf {
		if one.Deviation > 0 {
			f.residualsOf[(&track{name: one.Series}).key(one.Column)] = residuals{one.Mean, one.Deviation}
		}
	}
	f.setModel(model)
	if len(numbers["moves"]) > 0 {
		for range f.predictor.levels {
			f.predictor.calibration.Moves = append(f.predictor.calibration.Moves, take.next("moves", c.Horizon))
		}
	}
	if err := take.done(); err != nil {
		return nil, err
	}
	if err := f.checkModel(model); err != nil {
		return nil, err
	}
	return f, nil
}

// taker hands out the numbers of tensors in order.
type taker struct{ left map[string][]float64 }

// next are the next n numbers of a tensor; too few make done an error.
func (t taker) next(name string, n int) []float64 {
	if n < 0 || n > len(t.left[name]) {
		t.left["short"] = []float64{0}
		return nil
	}
	out := t.left[name][:n:n]
	t.left[name] = t.left[name][n:]
	return out
}

// done refuses numbers that are missing or left.
func (t taker) done() error {
	for name, left := range t.left {
		if len(left) > 0 {
			return errs.Error{Field: tensorPrefix + name, Rule: "must have as many numbers as " + storedKey + " says"}
		}
	}
	return nil
}

// check refuses a layout that does not fit together.
func (l layout) check(c Config) error {
	fault := func(field string, value any) error {
		return errs.Error{Path: storedKey, Field: "Layout." + field, Rule: "must be as Save writes it", Value: value}
	}
	switch {
	case len(l.Targets) == 0:
		return fault("Targets", l.Targets)
	case len(l.Targets) > mostNumbers/c.Horizon/len(levelsOf(c.Head)):
		return fault("Targets", len(l.Targets))
	case l.Lag != c.Transform.Lag():
		return fault("Lag", l.Lag)
	case len(l.StaticMean) != len(l.Static) || len(l.StaticDeviation) != len(l.Static):
		return fault("StaticMean", l.StaticMean)
	}
	columns := len(l.window())
	if c.Pool {
		columns -= len(l.Targets) - 1
	}
	for _, at := range l.Gaps {
		if at < 0 || at >= columns {
			return fault("Gaps", at)
		}
	}
	return nil
}

// checkModel refuses a model with other inputs or another output than the forecaster gives and
// reads.
func (f *Forecaster) checkModel(model *models.Model) error {
	if model == nil {
		return errs.Error{Path: "network", Field: "model", Rule: "must not be nil"}
	}
	got, err := model.InputShapes()
	if err != nil {
		return err
	}
	t := f.task()
	want := [][]int{{t.Steps, t.Past}}
	if t.Future > 0 {
		want = append(want, []int{t.Horizon, t.Future})
	}
	if t.Static > 0 {
		want = append(want, []int{t.Static})
	}
	if len(got) != len(want) {
		return errs.Error{Path: "network", Field: "inputs", Rule: fmt.Sprintf("must be %d, with the shapes %v, as networks.Task describes them", len(want), want), Value: len(got)}
	}
	for i := range want {
		if !slices.Equal([]int(got[i][1:]), want[i]) {
			return errs.Error{Path: "network", Field: fmt.Sprintf("input %d", i), Rule: fmt.Sprintf("must be %v", want[i]), Value: got[i]}
		}
	}
	outputs, err := model.OutputShapes()
	if err != nil {
		return err
	}
	if out := []int{t.Horizon * t.Targets, t.Outputs}; len(outputs) != 1 || !slices.Equal([]int(outputs[0][1:]), out) {
		return errs.Error{Path: "network", Field: "output", Rule: fmt.Sprintf("must be one, %v", out), Value: outputs}
	}
	return nil
}
