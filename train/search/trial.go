package search

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/train"
	"github.com/pkg/errors"
)

// Trial is one call of the objective. It serves one goroutine at a time.
type Trial struct {
	Number int            // from 0
	Seed   uint64         // for whatever is random in the trial, such as models.Config.Seed
	Values map[string]any // by the names in Config.Space

	ctx      context.Context
	rungs    *rungs
	resource int
	score    float64 // that was reported last
	stopped  bool
	err      error // the first one of its methods
}

// Float is the value of a Float. Another name is an error of the trial, and then the value
// is 0; so it is in Int and Chosen.
func (t *Trial) Float(name string) float64 { return Chosen[float64](t, name) }

// Int is the value of an Int.
func (t *Trial) Int(name string) int { return Chosen[int](t, name) }

// Chosen is the value of a Choice[T], or of another range whose values are of type T.
func Chosen[T any](t *Trial, name string) (value T) {
	x, ok := t.Values[name]
	if !ok {
		t.fail(name, fmt.Sprintf("must be a parameter of the space: %s", strings.Join(slices.Sorted(maps.Keys(t.Values)), ", ")), nil)
		return value
	}
	if x == nil { // a choice of an interface type may have it
		return value
	}
	value, ok = x.(T)
	if !ok {
		t.fail(name, fmt.Sprintf("must be read with its type, %T", x), fmt.Sprintf("%T", value))
	}
	return value
}

func (t *Trial) fail(field, rule string, value any) {
	if t.err == nil {
		t.err = errs.Error{Path: t.path(), Field: fmt.Sprintf("%q", field), Rule: rule, Value: value}
	}
}

func (t *Trial) path() string { return fmt.Sprintf("%s: trial %d", place, t.Number) }

// Report gives the score after so many epochs, or steps, or whatever the trial spends; more
// than in the report before. It returns false if the trial must end, because of
// Config.Halving, because the score is not finite or because the search was canceled; the
// objective then returns, with any score. It may wait for other trials, see Halving.
func (t *Trial) Report(epochs int, score float64) (goOn bool) {
	switch {
	case t.err != nil || t.stopped || t.ctx.Err() != nil:
		return false
	case epochs <= t.resource:
		t.fail("epochs", fmt.Sprintf("must be more than in the report before, %d", t.resource), epochs)
		return false
	case math.IsNaN(score) || math.IsInf(score, 0):
		t.resource = epochs
		t.err = notFinite(fmt.Sprintf("score after %d epochs", epochs), score)
		return false
	}
	t.resource, t.score = epochs, score
	t.stopped = !t.rungs.report(t.ctx, t.Number, epochs, score)
	return !t.stopped
}

func notFinite(field string, score float64) error {
	return errs.Error{Field: field, Rule: "must be finite", Value: score, Kind: errs.ErrNotFinite}
}

// Watch is a callback of Fit that reports a value of the logs after every epoch, such as
// "val_loss", and ends Fit where the trial must end. A name that the logs do not have is
// an error.
func (t *Trial) Watch(log string) train.Callback {
	return train.CallbackFunc(func(e *train.Event) error {
		if e.Moment != train.EpochEnd {
			return nil
		}
		score, ok := e.Logs.Get(log)
		if !ok {
			var names []string
			for _, l := range e.Logs {
				names = append(names, l.Name)
			}
			return errs.Error{Path: t.path(), Field: "Watch", Rule: "must name a log: " + strings.Join(names, ", "), Value: fmt.Sprintf("%q", log)}
		}
		if !t.Report(e.Epoch+1, score) {
			e.Stop()
		}
		return nil
	})
}

// mostError bounds the error of a row, in characters.
const mostError = 1000

// run calls the objective. ok is false if the search was canceled before it ended.
func (t *Trial) run(objective Objective) (row Row, ok bool) {
	begun := time.Now()
	score, err := t.call(objective)
	if t.ctx.Err() != nil {
		return row, false
	}
	if t.err != nil {
		err = t.err
	}
	row = Row{Trial: t.Number, State: Done, Score: score, Epochs: t.resource}
	switch {
	case err == nil && t.stopped:
		row.State, row.Score = Stopped, t.score
	case err == nil && (math.IsNaN(score) || math.IsInf(score, 0)):
		err = notFinite("score", score)
	}
	if err != nil {
		row.State, row.Score, row.Error = Failed, math.NaN(), cut(strings.ToValidUTF8(err.Error(), "\uFFFD"), mostError)
	}
	row.Duration = time.Since(begun)
	return row, true
}

// call calls the objective; a panic is an error.
func (t *Trial) call(objective Objective) (score float64, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = errors.New("the objective ended its goroutine")
		defer func() {
			if p := recover(); p != nil {
				err = errors.Errorf("the objective panicked: %v", p)
			}
		}()
		score, err = objective(t.ctx, t)
	}()
	<-done
	return score, err
}
