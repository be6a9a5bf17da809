package checkpoint

import (
	"context"
	stderrors "errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train"
	"github.com/pkg/errors"
)

// Interrupted is the error of Fit when its context is done. The run is saved.
type Interrupted struct {
	File  string // the checkpoint
	Where string // such as "epoch 12, batch 30 of 94"
	Err   error  // of the context
}

// Error says where the run is, and that it can continue.
func (e *Interrupted) Error() string {
	return fmt.Sprintf("interrupted at %s, and saved in %s", e.Where, e.File)
}

// Unwrap is the error of the context.
func (e *Interrupted) Unwrap() error { return e.Err }

// Fit starts a run in an empty folder, and continues the run of one that is not, to
// the same weights and history, bit for bit. Trainer, data and config must be those of
// the run; what differs is listed in an error. Only Epochs, Progress and callbacks
// without a state may change. Metrics must pass Trainer.CheckResume. Of a run that is
// finished, it returns the history.
//
// When ctx is done, Fit finishes the batch, or the validation, saves, and returns an
// *Interrupted, unless the run is at its end. An error in saving ends Fit with the
// history so far; the trainer and the older checkpoints are then intact.
//
// The state is taken after the callbacks of the config have received an event.
func (d *Directory) Fit(ctx context.Context, t *train.Trainer, data samples.Data, cfg train.FitConfig) (*train.History, error) {
	return d.fit(ctx, t, cfg, func(ctx context.Context, cfg train.FitConfig) (*train.History, error) {
		return t.Fit(ctx, data, cfg)
	})
}

// FitStream is Fit on a stream. A resumed run opens the pass in which it was saved, and
// passes over the batches that it had done. When ctx is done, the run still waits for the
// batch that it is reading, the first one of a resumed run with those before it.
func (d *Directory) FitStream(ctx context.Context, t *train.Trainer, stream samples.Stream, cfg train.FitConfig) (*train.History, error) {
	return d.fit(ctx, t, cfg, func(ctx context.Context, cfg train.FitConfig) (*train.History, error) {
		return t.FitStream(ctx, stream, cfg)
	})
}

// fit is Fit with the function that trains.
func (d *Directory) fit(ctx context.Context, t *train.Trainer, cfg train.FitConfig, run func(context.Context, train.FitConfig) (*train.History, error)) (*train.History, error) {
	none := &train.History{}
	if err := d.check(); err != nil {
		return none, err
	}
	switch {
	case ctx == nil:
		return none, graph.Error{Field: "ctx", Rule: "must not be nil"}
	case t == nil:
		return none, graph.Error{Field: "trainer", Rule: "must be made by Compile"}
	case cfg.Resume != nil:
		return none, graph.Error{Field: "FitConfig.Resume", Rule: "must be nil, as the folder has the state"}
	}
	if err := t.CheckResume(); err != nil {
		return none, err
	}
	if err := ctx.Err(); err != nil {
		return none, errors.Wrapf(err, "%s: stopped before the run", d.path)
	}
	state, path, err := d.latest()
	if err != nil {
		return none, err
	}
	begins := d.path + " is empty: a new run starts"
	if state != nil {
		begins = fmt.Sprintf("%s from %s, in %s", verb(state, cfg), where(state), path)
		cfg.Resume, cfg.InitialEpoch = state, 0
	}
	cfg.Callbacks = append(slices.Clone(cfg.Callbacks), &saver{run: d, ctx: ctx, begins: begins})
	// The saver ends Fit at moments at which it can save.
	history, err := run(context.WithoutCancel(ctx), cfg)
	if e, ok := stderrors.AsType[graph.Error](err); ok && strings.HasPrefix(e.Field, "FitConfig.Resume") {
		err = errors.Wrapf(err, "%s is of another run; use the settings of that run, or another folder", path)
	}
	return history, err
}

// verb says what Fit does with a state: there may be nothing left to train.
func verb(s *train.State, cfg train.FitConfig) string {
	if s.Fit != nil && !s.Fit.InEpoch && (s.Fit.Stopped || s.Fit.Epoch >= max(cfg.Epochs, 1)) {
		return "the run is finished; its results are"
	}
	return "resumes"
}

// where is the position of a state in words.
func where(s *train.State) string {
	switch {
	case s.Fit == nil:
		return fmt.Sprintf("step %d", s.Step)
	case s.Fit.InEpoch && s.Fit.Batches == 0: // where the stream ends is not known
		return fmt.Sprintf("epoch %d, batch %d", s.Fit.Epoch+1, s.Fit.Batch)
	case s.Fit.InEpoch:
		return fmt.Sprintf("epoch %d, batch %d of %d", s.Fit.Epoch+1, s.Fit.Batch, s.Fit.Batches)
	}
	return fmt.Sprintf("the end of epoch %d", s.Fit.Epoch)
}

// saver is the callback that saves. It is the last of the list.
type saver struct {
	run     *Directory
	ctx     context.Context
	begins  string    // what the log says once Fit has accepted the state
	last    time.Time // when it saved, or the run began
	batches int       // since then
}

// On saves at the moments of the config, at the end of the last epoch, and when the
// context is done. At TrainEnd it would be too late: other callbacks may have set the
// weights of the best epoch, from which a longer run must not continue.
func (s *saver) On(e *train.Event) error {
	cfg, due, end := s.run.cfg, false, false
	switch e.Moment {
	case train.TrainBegin:
		s.run.log("%s", s.begins)
		s.last = time.Now()
		return nil
	case train.TrainBatchEnd:
		s.batches++
		due = cfg.EveryBatches > 0 && s.batches >= cfg.EveryBatches || cfg.Every > 0 && time.Since(s.last) >= cfg.Every
	case train.EpochEnd:
		end = e.Epoch+1 == e.Epochs || e.Stopped()
		due = end || cfg.EveryEpochs > 0 && (e.Epoch+1)%cfg.EveryEpochs == 0
	default:
		return nil
	}
	interrupted := s.ctx.Err()
	if !due && interrupted == nil {
		return nil
	}
	state := e.Trainer.State()
	path, err := s.run.Save(state)
	if err != nil {
		return err
	}
	s.last, s.batches = time.Now(), 0
	if interrupted != nil && !end {
		return &Interrupted{path, where(state), interrupted}
	}
	return nil
}
