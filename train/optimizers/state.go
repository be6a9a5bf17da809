package optimizers

import (
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// State applies an optimizer to the parameters that Start was given, and holds
// its slots, learning rate and number of steps. It serves one goroutine at a
// time.
type State struct {
	rule         Rule
	params       []*graph.Param
	dtype        tensor.Dtype
	learningRate float64
	iterations   int
	elements     elements
	scales       []float64 // of the gradients in the current step
}

// Start checks an optimizer and prepares it for trainable parameters of one
// dtype. It does not change them.
func Start(o Optimizer, params []*graph.Param) (*State, error) {
	if o == nil {
		return nil, graph.Error{Field: "optimizer", Rule: "must not be nil"}
	}
	dtype, err := common(params)
	if err != nil {
		return nil, err
	}
	r, err := o.Rule(dtype)
	if err != nil {
		return nil, err
	}
	if err := r.check(class(o), dtype); err != nil {
		return nil, err
	}
	if r.Rate == nil {
		r.Rate = func(learningRate float64, _ int) float64 { return learningRate }
	}
	params = slices.Clone(params)
	s := &State{rule: r, params: params, dtype: dtype, learningRate: r.LearningRate, scales: make([]float64, len(params))}
	if dtype == tensor.Float32 {
		s.elements = newElements(params, r, r.Float32)
	} else {
		s.elements = newElements(params, r, r.Float64)
	}
	return s, nil
}

// Step changes every parameter, in place, along its gradient; grads are in the
// order in which Start was given the parameters, with their shapes and dtype. It
// writes to memory that programs read: call it inside Params.Update.
//
// An error changes nothing, neither the parameters nor the state. One of kind
// graph.ErrNotFinite names a parameter whose gradient has a NaN or an infinity,
// or elements too large to square where that is needed.
func (s *State) Step(grads []*tensor.Dense) error {
	if len(grads) != len(s.params) {
		return graph.Error{Field: "gradients", Rule: "must be one for each parameter", Value: len(grads)}
	}
	if err := s.measure(grads); err != nil {
		return err
	}
	number := s.iterations + 1
	rate := s.rule.Rate(s.learningRate, number)
	if math.IsNaN(rate) {
		return graph.Error{Field: "Rule.Rate", Rule: "must not give NaN", Value: rate, Kind: graph.ErrNotFinite}
	}
	if !dense.Finite(dense.Round(s.dtype, rate)) {
		return graph.Error{Field: "learning rate", Rule: "must be small enough for a finite step", Value: s.learningRate, Kind: graph.ErrNotFinite}
	}
	for i, g := range grads {
		s.elements.step(i, g, s.scales[i], rate, number)
	}
	s.iterations = number
	return nil
}

// measure checks all gradients and finds the factors that scale them down.
func (s *State) measure(grads []*tensor.Dense) error {
	clip := s.rule.Clip
	total := 0.0
	for i, g := range grads {
		p := s.params[i]
		fits := g != nil && g.Dtype() == s.dtype && slices.Equal(g.Shape(), p.Value().Shape())
		largest, squares := math.NaN(), 0.0
		if fits {
			largest = s.elements.largest(g)
		}
		if !dense.Finite(largest) {
			return badGradient(p, dense.Check(g, s.dtype, graph.Shape(p.Value().Shape())))
		}
		if clip.byNorm() {
			squares = s.elements.squares(g)
			total += squares
		}
		square := clip.bound(largest) * clip.bound(largest)
		if s.rule.squares() && !dense.Finite(dense.Round(s.dtype, square)) || clip.byNorm() && !dense.Finite(total) {
			return graph.Error{Path: p.Path, Field: "gradient", Rule: "must be small enough to square", Value: largest, Kind: graph.ErrNotFinite}
		}
		s.scales[i] = shrink(squares, clip.ClipNorm)
	}
	if clip.GlobalClipNorm > 0 {
		for i := range s.scales {
			s.scales[i] = shrink(total, clip.GlobalClipNorm)
		}
	}
	return nil
}

// badGradient says of which parameter the gradient is that dense.Check refuses.
func badGradient(p *graph.Param, err error) error {
	var e graph.Error
	if !errors.As(err, &e) {
		return err
	}
	return errs.At(err, p.Path, "gradient's "+e.Field)
}

// LearningRate is the learning rate of the next step.
func (s *State) LearningRate() float64 { return s.learningRate }

// SetLearningRate changes the learning rate from the next step on. Zero leaves
// the parameters where they are. A negative rate, NaN, and a rate that is
// infinite in the parameters' dtype are errors that change nothing.
func (s *State) SetLearningRate(rate float64) error {
	if !(rate >= 0) || !dense.Finite(dense.Round(s.dtype, rate)) {
		return graph.Error{Field: "learning rate", Rule: "must be finite and not negative", Value: rate}
	}
	s.learningRate = rate
	return nil
}

// Iterations is the number of steps done.
func (s *State) Iterations() int { return s.iterations }
