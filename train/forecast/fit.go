package forecast

import (
	"context"
	"fmt"
	"slices"

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
	best, err := f.train(ctx, parts, nil)
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

// task is what networks are built for.
func (f *Forecaster) task() networks.Task {
	c, l := f.config, f.layout
	if c.Pool {
		l = l.pooled(l.Targets[0])
	}
	return networks.Task{Steps: c.Steps, Horizon: c.Block, Past: len(l.window()) + len(l.Gaps), Future: len(l.future()), Static: len(l.Static),
		Targets: len(l.Targets), Outputs: c.Head.Outputs(), Season: c.Season, Name: "network", Seed: c.Seed, Dtype: c.Dtype, Custom: c.Custom}
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

// train trains the networks, and returns the number of epochs after which each was best. With
// numbers of epochs, it trains for them on all rows.
func (f *Forecaster) train(ctx context.Context, parts []part, epochs []int) (best []int, err error) {
	task, c, all := f.task(), f.config, epochs != nil
	learned := part.learned
	if all {
		learned = part.refitted
	}
	data, validation := f.samples(parts, learned, 0), f.samples(parts, part.validated, mostValidated)
	if data.Len() == 0 || validation.Len() == 0 {
		return nil, errs.Error{Path: "forecast", Field: "targets", Rule: "must have known values in the training and the validation part"}
	}
	members := make([]*models.Model, c.Members)
	for i := range members {
		if c.Members > 1 {
			task.Name = fmt.Sprintf("network_%d", i)
		}
		task.Seed = c.Seed + uint64(i)<<32 // other than the seeds that users count up
		if members[i], err = c.Network.Model(task); err != nil {
			return nil, errs.At(err, "forecast", "Config.Network")
		}
		if err := f.checkModel(members[i]); err != nil {
			return nil, err
		}
		if c.Progress != nil {
			fmt.Fprintf(c.Progress, "Network %d of %d: %d windows of %d rows\n", i+1, c.Members, data.Len(), c.Steps)
		}
		if all {
			c.Epochs = epochs[i]
		}
		n, err := fitMember(ctx, c, members[i], data, validation, all)
		if err != nil {
			return nil, err
		}
		best = append(best, n)
	}
	model := members[0]
	if c.Members > 1 {
		joined, err := ensemble.Mean(models.Config{Name: "network", Dtype: c.Dtype, Custom: slices.Concat(networks.All(), c.Custom)}, members...)
		if err != nil {
			return nil, err
		}
		model = &joined.Model
	}
	f.setModel(model)
	return best, nil
}

// samples are the windows of a part of all tracks of which a target is known, at most as many as
// given unless that is 0.
func (f *Forecaster) samples(parts []part, of func(part) (from, to int), most int) *windows {
	w := &windows{task: f.task(), normalize: f.config.Normalize, places: places(parts, of, most)}
	w.learnable()
	return w
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
