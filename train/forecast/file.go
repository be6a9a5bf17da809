package forecast

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
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
	"github.com/engram-go/engram/models/safetensors"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/schedules"
	"gorgonia.org/tensor"
)

// A file of a forecaster is that of its model, as package models writes it, with more
// in the same safetensors file: a key of the metadata that holds stored as JSON, and tensors in
// float64 whose names begin with "forecast/". Files stay readable for ever by the rules of
// package models: an absent field is zero and means what an earlier version did, and an
// unknown one comes from a newer version.
const (
	storedKey     = "engram_forecast"
	digestKey     = "engram_forecast_sha256" // of the file without this key; absent in files of earlier versions
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

	Residuals residuals
}

// storedSeries is one of the newest rows; the numbers are in the tensor "rows", column by
// column.
type storedSeries struct {
	Name    string
	Columns []string
	Index   []string
	Rows    int

	// The times of many series would be much text. They are in the tensor "times", and labels
	// that are these times are not repeated.
	Timed    bool
	Labelled bool // with the times, as datasets.FromTimes has it
}

// storedFitted is the fitted transform of a column.
type storedFitted struct {
	Series, Column string
	Still          bool // the column did not vary
	Parameters     int  // how many numbers it has

	Residuals residuals // of a target; zero where those of all series are used
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
	var rows, times, fitted, moves []float64
	for _, t := range f.tails {
		one := storedSeries{Name: t.Name, Columns: t.Columns, Index: t.Index, Rows: t.Len(), Timed: t.Times != nil}
		for _, at := range t.Times {
			times = append(times, numbersOfTime(at)...)
		}
		if labelledWithTimes(t) {
			one.Index, one.Labelled = nil, true
		}
		s.Series = append(s.Series, one)
		for _, values := range t.Values {
			rows = append(rows, values...)
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(f.fitted), columnKey.compare) {
		one := storedFitted{Series: key.series, Column: key.column, Residuals: f.residualsOf[key]}
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
	for _, m := range f.predictor.calibration.Moves {
		moves = append(moves, m...)
	}
	for name, values := range map[string][]float64{"rows": rows, "times": times, "fitted": fitted, "moves": moves} {
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
	file.Metadata[digestKey], err = digest(file)
	return file, err
}

// digest is a hash of a file. A file that is damaged could otherwise be read, with other numbers.
func digest(file safetensors.File) (string, error) {
	h := sha256.New()
	err := safetensors.Write(h, file)
	return hex.EncodeToString(h.Sum(nil)), err
}

// labelledWithTimes tells whether the labels of a series are those that datasets.FromTimes makes.
func labelledWithTimes(s *datasets.Series) bool {
	if s.Times == nil || s.Index == nil {
		return false
	}
	x, err := datasets.FromTimes(s.Name, s.Times, s.Columns, s.Values)
	return err == nil && slices.Equal(x.Index, s.Index)
}

// numbersOfTime are the numbers that a file has of a time: the seconds since 1970, the
// nanoseconds beyond them, and the seconds by which the zone is ahead of UTC.
func numbersOfTime(at time.Time) []float64 {
	_, zone := at.Zone()
	return []float64{float64(at.Unix()), float64(at.Nanosecond()), float64(zone)}
}
