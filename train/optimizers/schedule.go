package optimizers

import (
	"fmt"
	"math"
	"reflect"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
)

// Schedule gives the learning rate of every step. Package schedules has those of Keras; any
// type with this method is one, such as a decay of your own.
//
// A schedule must be a function of the step alone, since a training that is resumed asks
// for the rate of later steps only. If it also has a method Check() error, Start returns
// the error of Check.
type Schedule interface {
	// Rate is the learning rate of the step after the given number of steps, which is 0
	// for the first. It must be finite and not negative.
	Rate(step int) float64
}

// learningRate is the learning rate of a rule: the default, unless a rate or a schedule is
// given.
func learningRate(given float64, s Schedule, standard float64) float64 {
	if given == 0 && s == nil {
		return standard
	}
	return given
}

// checkSchedule checks the schedule of a rule.
func (r Rule) checkSchedule(f *fields) {
	v := reflect.ValueOf(r.Schedule)
	if v.Kind() == reflect.Pointer && v.IsNil() {
		f.fail("Schedule", "must not be a nil pointer", nil)
		return
	}
	if r.LearningRate != 0 {
		f.fail("LearningRate", "must be 0 where there is a Schedule, which gives all rates", r.LearningRate)
		return
	}
	if c, ok := r.Schedule.(interface{ Check() error }); ok && f.err == nil {
		f.err = errs.At(c.Check(), "", f.class+".Schedule")
	}
}

// LearningRate is the learning rate of the next step; with a Schedule, what it gives.
func (s *State) LearningRate() float64 {
	if s.rule.Schedule == nil {
		return s.learningRate
	}
	return s.rule.Schedule.Rate(s.batches())
}

// SetLearningRate changes the learning rate from the next step on. Zero leaves
// the parameters where they are. A negative rate, NaN, a rate that is infinite in the
// parameters' dtype, and any rate where there is a Schedule are errors that change nothing.
func (s *State) SetLearningRate(rate float64) error {
	if s.rule.Schedule != nil {
		return graph.Error{Field: "learning rate", Rule: "must not be set where the optimizer has a Schedule; leave Schedule out to set rates", Value: rate}
	}
	if !s.valid(rate) {
		return graph.Error{Field: "learning rate", Rule: "must be finite and not negative", Value: rate}
	}
	s.learningRate = rate
	return nil
}

// valid tells whether a number can be a learning rate.
func (s *State) valid(rate float64) bool {
	return rate >= 0 && dense.Finite(dense.Round(s.dtype, rate))
}

// setRates sets the sizes of the next step and the shares that weight decay takes, for
// every group.
func (s *State) setRates() error {
	rate := s.LearningRate()
	if !s.valid(rate) {
		return graph.Error{Field: "Schedule", Rule: fmt.Sprintf("must give a rate that is finite and not negative after %d steps", s.batches()), Value: rate}
	}
	for i, g := range s.groups {
		size := s.rule.Rate(rate*g.rateFactor, s.iterations+1)
		if math.IsNaN(size) {
			return graph.Error{Field: "Rule.Rate", Rule: "must not give NaN", Value: size, Kind: graph.ErrNotFinite}
		}
		decay := rate * g.rateFactor * g.weightDecay
		if !dense.Finite(dense.Round(s.dtype, size)) || !dense.Finite(dense.Round(s.dtype, decay)) {
			return graph.Error{Field: "learning rate", Rule: "must be small enough for a finite step", Value: rate, Kind: graph.ErrNotFinite}
		}
		s.groups[i].rate, s.groups[i].decay = size, decay
	}
	return nil
}
