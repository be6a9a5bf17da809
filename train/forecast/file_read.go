package forecast

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

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
	if want, ok := file.Metadata[digestKey]; ok {
		delete(file.Metadata, digestKey)
		got, err := digest(file)
		if err != nil {
			return nil, err
		}
		if got != want {
			return nil, errs.Error{Field: digestKey, Rule: "must be the hash of what the file holds, which is damaged or was changed: use another copy", Value: want}
		}
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
	c.Dtype, c.Custom, c.Targets = model.Dtype(), config.Custom, s.Layout.Targets
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	f := &Forecaster{config: c, layout: s.Layout, fitted: map[columnKey]datasets.Fitted{}, verdict: s.Verdict, updates: s.Updates,
		residuals: s.Residuals, residualsOf: map[columnKey]residuals{}}
	if err := f.layout.check(c); err != nil {
		return nil, err
	}
	if err := f.verdict.check(c.Horizon); err != nil {
		return nil, err
	}
	take := taker{numbers}
	for _, one := range s.Series {
		series := &datasets.Series{Name: one.Name, Columns: one.Columns, Index: one.Index}
		for range one.Columns {
			series.Values = append(series.Values, take.next("rows", one.Rows))
		}
		if one.Timed {
			if series.Times, err = timesOf(take.next("times", numbersOfATime*one.Rows)); err != nil {
				return nil, err
			}
		}
		if one.Labelled {
			if series, err = datasets.FromTimes(series.Name, series.Times, series.Columns, series.Values); err != nil {
				return nil, errs.At(err, storedKey, "")
			}
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
		key := columnKey{one.Series, one.Column}
		f.fitted[key] = fitted
		if one.Residuals.Deviation > 0 {
			f.residualsOf[key] = one.Residuals
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

// numbersOfATime is how many numbers numbersOfTime makes of a time.
const numbersOfATime = 3

// timesOf undoes numbersOfTime.
func timesOf(numbers []float64) ([]time.Time, error) {
	var times []time.Time
	numbers = numbers[:len(numbers)/numbersOfATime*numbersOfATime]
	for n := range slices.Chunk(numbers, numbersOfATime) {
		for i, most := range []float64{1 << 53, 1e9 - 1, 24 * 60 * 60} {
			if !(math.Abs(n[i]) <= most) || n[i] != math.Trunc(n[i]) {
				return nil, errs.Error{Field: tensorPrefix + "times", Rule: "must be as Save writes it", Value: n[i]}
			}
		}
		zone := time.UTC
		if n[2] != 0 {
			zone = time.FixedZone("", int(n[2]))
		}
		times = append(times, time.Unix(int64(n[0]), int64(n[1])).In(zone))
	}
	return times, nil
}

// taker takes the numbers of tensors in order.
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

// check refuses a verdict without the scores of the networks, or of the rows of the horizon.
func (v Verdict) check(horizon int) error {
	fits := len(v.Scores) > 0 && v.Scores[0].Method == modelName
	for _, s := range v.Scores {
		fits = fits && len(s.Steps) == horizon
	}
	if !fits {
		return errs.Error{Path: storedKey, Field: "Verdict.Scores", Rule: "must be as Save writes them"}
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
