package forecast

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/models/ensemble"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/engram-go/engram/train/optimizers"
)

// Fit trains a forecaster on series of the same columns, and judges it on their last rows
// next to simple methods; see Verdict. Each series is divided in time order into a training,
// a validation and a test part; transforms are fitted on the training part alone. The
// names of several series must differ. A series that is too short for a window in each part
// is left out, unless all are. Training stops between batches when ctx is done.
//
// NaN is a missing value. The network reads the last value before it, and a column that is
// 1 where values are missing; a missing target is not learned. Rows that are missing between
// two times count as missing values. Times that are not regular are not read, which
// Config.Progress tells: rows are then taken one after another. Series.Resample gives them a
// frequency.
//
// Errors name the setting, or the series, the row and the column.
func Fit(ctx context.Context, config Config, series ...*datasets.Series) (*Forecaster, error) {
	f, parts, err := prepare(config, series, true)
	if err != nil {
		return nil, err
	}
	best, err := f.train(ctx, parts, 0)
	if err != nil {
		return nil, err
	}
	if err := f.predictor.calibrate(ctx, places(parts, part.calibrated, mostCalibrated)); err != nil {
		return nil, err
	}
	if f.verdict, err = f.judge(ctx, parts); err != nil {
		return nil, err
	}
	if err := f.measureResiduals(ctx, parts); err != nil {
		return nil, err
	}
	if f.config.Refit {
		if _, err := f.train(ctx, parts, best); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// part is a track with its division: rows before validation train, then those before test
// validate, then those before track.known test.
type part struct {
	track            *track
	validation, test int
	horizon, block   int
}

// learned are the first and the last row of windows whose targets lie in the training part,
// those of validation likewise, and of calibration and test with a whole horizon.
func (p part) learned() (from, to int)    { return 0, p.validation - 1 - p.block }
func (p part) refitted() (from, to int)   { return 0, p.track.known - 1 - p.block }
func (p part) validated() (from, to int)  { return p.validation - 1, p.test - 1 - p.block }
func (p part) calibrated() (from, to int) { return p.validation - 1, p.test - 1 - p.horizon }
func (p part) tested() (from, to int)     { return p.test - 1, p.track.known - 1 - p.horizon }

// mostCalibrated and mostValidated limit windows, which are then taken at equal distances.
const (
	mostCalibrated = 2000
	mostValidated  = 1000
)

// places are the windows of a part of all tracks that have a known target, at most as many
// as given unless that is 0.
func places(parts []part, of func(part) (from, to int), most int) []place {
	var all []place
	for _, p := range parts {
		from, to := of(p)
		for row := max(from, p.track.layout.Lag+p.track.steps-1); row <= to; row++ {
			all = append(all, place{p.track, row})
		}
	}
	return thin(all, most)
}

// thin takes places at equal distances, if there are more than most.
func thin(all []place, most int) []place {
	if most == 0 || len(all) <= most {
		return all
	}
	out := make([]place, most)
	for i := range out {
		out[i] = all[i*len(all)/most]
	}
	return out
}

// prepare makes a forecaster without weights, which keeps the newest rows, and divides its
// tracks; with a test part if it is to be judged.
func prepare(config Config, series []*datasets.Series, judged bool) (*Forecaster, []part, error) {
	c, err := config.complete()
	if err != nil {
		return nil, nil, err
	}
	if err := checkSeries(series); err != nil {
		return nil, nil, err
	}
	f := &Forecaster{config: c, fitted: map[string]datasets.Fitted{}}
	if f.layout, err = newLayout(c, series); err != nil {
		return nil, nil, err
	}
	f.config.Targets = f.layout.Targets
	f.config.Season = or(c.Season, max(1, f.layout.Clock.Frequency.Season()))
	f.config.Steps = or(c.Steps, max(2*f.config.Season, 2*c.Horizon, 16))
	var given, kept []*datasets.Series
	var divided []part
	var short error
	for _, one := range series {
		s, err := f.layout.regular(one, c.Horizon)
		if err != nil {
			return nil, nil, err
		}
		if p, err := f.divide(s, judged); err != nil {
			short = err
		} else {
			given, kept, divided = append(given, one), append(kept, s), append(divided, p)
		}
	}
	if len(kept) == 0 {
		if one := max(f.config.Season, c.Horizon, 4); c.Steps == 0 && one < f.config.Steps {
			config.Steps = one
			return prepare(config, series, judged)
		}
		return nil, nil, short
	}
	if f.layout.Gaps, err = f.gaps(kept, divided); err != nil {
		return nil, nil, err
	}
	var parts []part
	for i, s := range kept {
		tracks, err := tracksOf(s, f.config, f.layout, f.fitted, divided[i].validation)
		if err != nil {
			return nil, nil, err
		}
		for _, t := range tracks {
			p := divided[i]
			p.track = t
			parts = append(parts, p)
		}
	}
	return f, parts, f.keep(given)
}

// divide finds the parts of a series.
func (f *Forecaster) divide(s *datasets.Series, judged bool) (part, error) {
	c := f.config
	n, err := f.layout.known(s)
	if err != nil {
		return part{}, err
	}
	if n == 0 {
		return part{}, errs.Error{Path: s.Name, Field: "targets", Rule: "must have a known value", Value: strings.Join(f.layout.Targets, ", ")}
	}
	least := f.layout.Lag + c.Steps + c.Block
	validation, test := c.parts(n, judged)
	if n-test-validation < least {
		need := n
		for need-test-validation < least { // the parts grow with the rows
			need = least + test + validation
			validation, test = c.parts(need, judged)
		}
		return part{}, errs.Error{Path: s.Name, Field: "rows", Rule: fmt.Sprintf("must be at least %d, so that %d are left to train on with Config.Steps %d and Config.Horizon %d; give more rows, or smaller numbers", need, least, c.Steps, c.Horizon), Value: n}
	}
	return part{validation: n - test - validation, test: n - test, horizon: c.Horizon, block: c.Block}, nil
}

// parts are the rows of the validation and the test part.
func (c Config) parts(rows int, judged bool) (validation, test int) {
	of := func(share float64) int { // as in Config.Test
		if share < 1 {
			share = math.Round(share * float64(rows))
		}
		return max(int(share), c.Horizon)
	}
	if judged {
		test = of(c.Test)
	}
	return of(c.Validation), test
}

// gaps are the columns of the window in which the training part of a series has a missing
// value.
func (f *Forecaster) gaps(series []*datasets.Series, divided []part) ([]int, error) {
	var gaps []int
	targets := len(f.layout.Targets)
	for j, name := range f.layout.window() {
		at := j
		if f.config.Pool {
			at = max(0, j-targets+1) // all targets are the first column
		}
		if len(gaps) > 0 && gaps[len(gaps)-1] == at {
			continue
		}
		for i, s := range series {
			values, err := s.Column(name)
			if err != nil {
				return nil, err
			}
			if hasMissing(values[:divided[i].validation]) {
				gaps = append(gaps, at)
				break
			}
		}
	}
	return gaps, nil
}

func hasMissing(values []float64) bool {
	for _, v := range values {
		if math.IsNaN(v) {
			return true
		}
	}
	return false
}

// tracksOf are the tracks of a series, whose transforms are fitted on the rows before train
// unless they are known.
func tracksOf(s *datasets.Series, c Config, l layout, fitted map[string]datasets.Fitted, train int) ([]*track, error) {
	known, err := l.known(s)
	if err != nil {
		return nil, err
	}
	layouts := []layout{l}
	if c.Pool {
		layouts = nil
		for _, target := range l.Targets {
			layouts = append(layouts, l.pooled(target))
		}
	}
	var out []*track
	for _, l := range layouts {
		t, err := newTrack(s, l, c, fitted, train)
		if err != nil {
			return nil, err
		}
		t.known = known // the same for all, so that they forecast the same rows
		out = append(out, t)
	}
	return out, nil
}

// task is what networks are built for.
func (f *Forecaster) task() networks.Task {
	c, l := f.config, f.layout
	if c.Pool {
		l = l.pooled(l.Targets[0])
	}
	return networks.Task{Steps: c.Steps, Horizon: c.Block, Past: len(l.window()) + len(l.Gaps), Future: len(l.future()), Static: len(l.Static),
		Targets: len(l.Targets), Outputs: c.Head.Outputs(), Season: c.Season, Name: "network", Seed: c.Seed, Dtype: c.Dtype, Custom: c.Custom}
}

// train trains the networks, and returns the largest number of epochs that was best. With
// a number of epochs, it trains for them on all rows.
func (f *Forecaster) train(ctx context.Context, parts []part, epochs int) (best int, err error) {
	task, c, all := f.task(), f.config, epochs > 0
	data := &windows{task: task, normalize: c.Normalize, places: places(parts, part.learned, 0)}
	validation := &windows{task: task, normalize: c.Normalize, places: places(parts, part.validated, mostValidated)}
	if all {
		c.Epochs, data.places = epochs, places(parts, part.refitted, 0)
	}
	data.learnable()
	validation.learnable()
	if data.Len() == 0 || validation.Len() == 0 {
		return 0, errs.Error{Path: "forecast", Field: "targets", Rule: "must have known values in the training and the validation part"}
	}
	members := make([]*models.Model, c.Members)
	for i := range members {
		if c.Members > 1 {
			task.Name = fmt.Sprintf("network_%d", i)
		}
		task.Seed = c.Seed + uint64(i)
		if members[i], err = c.Network.Model(task); err != nil {
			return 0, errs.At(err, "forecast", "Config.Network")
		}
		if err := f.checkModel(members[i]); err != nil {
			return 0, err
		}
		if c.Progress != nil {
			fmt.Fprintf(c.Progress, "Network %d of %d: %d windows of %d rows\n", i+1, c.Members, data.Len(), c.Steps)
		}
		n, err := fitMember(ctx, c, members[i], data, validation, all)
		if err != nil {
			return 0, err
		}
		best = max(best, n)
	}
	model := members[0]
	if c.Members > 1 {
		joined, err := ensemble.Mean(models.Config{Name: "network", Dtype: c.Dtype, Custom: slices.Concat(networks.All(), c.Custom)}, members...)
		if err != nil {
			return 0, err
		}
		model = &joined.Model
	}
	f.setModel(model)
	return best, nil
}

// setModel makes a model that of the forecaster. A calibration stays.
func (f *Forecaster) setModel(model *models.Model) {
	c := f.config
	f.predictor = predictor{model: model, task: f.task(), horizon: c.Horizon, normalize: c.Normalize, head: c.Head,
		levels: levelsOf(c.Head), calibration: f.predictor.calibration}
}

// leastBatches is how many batches an epoch has at least. A short series has a few batches of
// windows, after which a validation says little.
const leastBatches = 50

// averaged is the momentum of the averages of the weights that a network gets: about
// the last 50 batches. They are better than the weights of any one of them (Izmailov et al.,
// Averaging Weights Leads to Wider Optima and Better Generalization, 2018).
const averaged = 0.98

// fitMember trains one network, and returns the number of epochs after which it was best.
func fitMember(ctx context.Context, c Config, model *models.Model, data, validation samples.Data, all bool) (int, error) {
	trainer, err := train.Compile(model, train.Config{Loss: c.Head.Loss(), Optimizer: c.Optimizer, EMA: &optimizers.EMA{Momentum: new(averaged)}})
	if err != nil {
		return 0, err
	}
	batches := (data.Len() + c.BatchSize - 1) / c.BatchSize
	fit := train.FitConfig{Epochs: c.Epochs, BatchSize: c.BatchSize, Progress: c.Progress, StepsPerEpoch: min(max(batches, leastBatches), c.MaxSteps)}
	if all {
		_, err := trainer.Fit(ctx, data, fit)
		return c.Epochs, err
	}
	stop := &callbacks.EarlyStopping{Patience: c.Patience, RestoreBestWeights: true}
	fit.Validation, fit.Callbacks = validation, []train.Callback{&callbacks.SwapEMAWeights{SwapOnEpoch: true}, stop}
	if _, err := trainer.Fit(ctx, data, fit); err != nil {
		return 0, err
	}
	_, epoch, ok := stop.Best()
	if !ok {
		return 0, errs.Error{Path: "forecast", Field: "loss of the validation", Rule: "must be finite; train with a smaller learning rate", Kind: errs.ErrNotFinite}
	}
	return epoch + 1, nil
}

// levelsOf are the levels of the quantiles that a forecast has.
func levelsOf(h Head) []float64 {
	if q, ok := h.(Quantiles); ok {
		return slices.Clone(q.levels())
	}
	return Quantiles{}.levels()
}

// checkSeries refuses series that are not consistent or cannot be told apart.
func checkSeries(series []*datasets.Series) error {
	if len(series) == 0 {
		return errs.Error{Path: "forecast", Field: "series", Rule: "must be one at least"}
	}
	names := map[string]bool{}
	for i, s := range series {
		if err := s.Check(); err != nil {
			return errs.At(err, fmt.Sprintf("series %d", i), "")
		}
		if names[s.Name] {
			return errs.Error{Path: "forecast", Field: "series", Rule: "must have different names", Value: s.Name}
		}
		names[s.Name] = true
	}
	return nil
}
