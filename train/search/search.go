// Package search tunes hyperparameters: it calls a function for many values of the fields
// of any config, and ranks the scores that the function returns.
//
//	result, err := search.Run(ctx, search.Config{
//		Space: search.Space{
//			"Units": search.Int{Low: 4, High: 64, Log: true},
//			"Rate":  search.Float{Low: 1e-4, High: 1e-1, Log: true},
//			"Cell":  search.Choice[string]{"lstm", "gru"},
//		},
//		Method: search.Random{Trials: 50},
//	}, func(ctx context.Context, trial *search.Trial) (score float64, err error) {
//		return validationLoss(ctx, trial.Int("Units"), trial.Float("Rate"), search.Chosen[string](trial, "Cell"))
//	})
//
// Set puts values into the fields of a config by their names, such as "Network.Units".
//
// The values of a trial are a pure function of Config.Seed and its number. If the score
// is a function of its values and of Trial.Seed, then so is the whole result: it is the same
// for any number of Workers, also with Halving, and also after the search was killed and
// continued from its File.
package search

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"github.com/engram-go/engram/internal/errs"
	"github.com/pkg/errors"
)

// Config says what is tried, and how.
type Config struct {
	Space    Space    // the parameters and their ranges; required
	Method   Method   // which values are tried; default Random{}
	Halving  *Halving // stops trials that are worse than others; nil for none
	Seed     uint64   // of the values, and of Trial.Seed
	Maximize bool     // whether the highest score is the best; by default the lowest

	Workers int // trials that run at the same time; default the number of cores

	// Memory is what the trials that run at the same time may take, in bytes; default no
	// limit. Fewer than Workers run if more would not fit; one always runs. TrialMemory is
	// what each takes. If it is 0, it is measured: the first trial runs alone, and others
	// are taken to need as much as the most that any needed so far. Memory that waits for
	// garbage collection counts too.
	Memory      int64
	TrialMemory int64

	// File keeps the trials that are finished, one a line; default none. A search that was
	// killed or canceled and runs again does not repeat them. The objective and the config must
	// be the same, but Workers, Memory and TrialMemory may differ, and Trials of Random may be
	// raised.
	// A file that does not exist is made; one of another search is refused.
	File string
}

// Objective trains or computes something with the values of a trial. It runs in several
// goroutines at once. A trial whose error is not nil, whose score is not finite or that
// panics has failed: its row says why, and the search goes on.
type Objective func(ctx context.Context, trial *Trial) (score float64, err error)

// Run calls the objective for all trials, in the order of their numbers, up to
// Config.Workers at the same time. Bad fields are an error before the first one.
//
// When ctx is done, trials that run are left out of the result and of the file. The result
// then holds those that were finished before, and the error is that of ctx. The same holds
// for an error of the file.
func Run(ctx context.Context, cfg Config, objective Objective) (*Result, error) {
	r, err := newRun(cfg, objective)
	if err != nil {
		return nil, err
	}
	if err := r.load(); err != nil {
		return nil, err
	}
	err = r.all(ctx)
	return r.result(), err
}

// run is one call of Run.
type run struct {
	cfg       Config
	objective Objective
	names     []string // of the parameters, sorted
	trials    int
	rungs     *rungs
	file      *file // nil where there is none
	rows      []*Row
}

// mostTrials bounds the trials of a search.
const mostTrials = 1 << 20

func newRun(cfg Config, objective Objective) (*run, error) {
	if cfg.Method == nil {
		cfg.Method = Random{}
	}
	if cfg.Workers == 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	switch {
	case objective == nil:
		return nil, errs.Error{Path: place, Field: "objective", Rule: "must not be nil"}
	case cfg.Workers < 0:
		return nil, fault("Workers", "must not be negative", cfg.Workers)
	case cfg.Memory < 0:
		return nil, fault("Memory", "must not be negative", cfg.Memory)
	case cfg.TrialMemory < 0:
		return nil, fault("TrialMemory", "must not be negative", cfg.TrialMemory)
	case cfg.Memory > 0 && cfg.TrialMemory > cfg.Memory:
		return nil, fault("TrialMemory", fmt.Sprintf("must be at most Config.Memory, %d bytes", cfg.Memory), cfg.TrialMemory)
	}
	if err := cfg.Space.check(); err != nil {
		return nil, err
	}
	halving, err := cfg.Halving.resolve()
	if err != nil {
		return nil, err
	}
	cfg.Halving = halving
	n, err := cfg.Method.Len(cfg.Space)
	if err != nil {
		return nil, errs.At(err, place, "")
	}
	if n < 1 || n > mostTrials {
		return nil, fault("Method", fmt.Sprintf("must have from 1 to %d trials", mostTrials), n)
	}
	return &run{
		cfg: cfg, objective: objective, names: cfg.Space.names(), trials: n,
		rungs: newRungs(halving, cfg.Maximize, n), rows: make([]*Row, n),
	}, nil
}

const place = "search" // the path of errors

func fault(field, rule string, value any) error {
	return errs.Error{Path: place, Field: "Config." + field, Rule: rule, Value: value}
}

// load reads the trials that the file has.
func (r *run) load() (err error) {
	if r.cfg.File == "" {
		return nil
	}
	r.file, err = openFile(r)
	return err
}

// all runs the trials that are not in the file.
func (r *run) all(ctx context.Context) error {
	if ctx == nil {
		return errs.Error{Path: place, Field: "ctx", Rule: "must not be nil"}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l := newLimit(r.cfg)
	defer l.close()
	defer context.AfterFunc(ctx, func() { r.rungs.wake(); l.wake() })()
	for i := range r.trials {
		if r.rows[i] != nil {
			continue
		}
		if !l.acquire(ctx) {
			break
		}
		go func() {
			defer l.release()
			if err := r.one(ctx, i); err != nil {
				cancel(err)
			}
		}()
	}
	l.wait()
	if n := len(r.result().Rows); n < r.trials {
		return errors.Wrapf(context.Cause(ctx), "%s: stopped after %d of %d trials", place, n, r.trials)
	}
	return nil
}

// result has the rows of the trials that are finished.
func (r *run) result() *Result {
	out := &Result{Names: r.names, Maximize: r.cfg.Maximize}
	for _, row := range r.rows {
		if row != nil {
			out.Rows = append(out.Rows, *row)
		}
	}
	return out
}

// one runs a trial. An error is one of the file.
func (r *run) one(ctx context.Context, i int) error {
	t := &Trial{
		Number: i, Seed: trialSeed(r.cfg.Seed, i), Values: r.cfg.Method.Values(r.cfg.Space, r.cfg.Seed, i),
		ctx: ctx, rungs: r.rungs,
	}
	row, ok := t.run(r.objective)
	if !ok {
		return nil
	}
	row.Values = r.cfg.Method.Values(r.cfg.Space, r.cfg.Seed, i) // the objective may have changed those of the trial
	if r.file != nil {
		if err := r.file.add(row, r.rungs.of(i)); err != nil {
			return err
		}
	}
	r.rows[i] = &row
	r.rungs.end(i)
	return nil
}

// better tells whether a is a better score than b. NaN is the worst.
func better(a, b float64, maximize bool) bool {
	if maximize {
		a, b = -a, -b
	}
	return a < b || math.IsNaN(b) && !math.IsNaN(a)
}
