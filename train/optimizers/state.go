package optimizers

import (
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// State is an optimizer at work on the parameters that Start was given. It
// serves one goroutine at a time.
type State struct {
	rule         rule
	params       []*graph.Param
	dtype        tensor.Dtype
	learningRate float64
	iterations   int
	work         worker
	scales       []float64 // of the gradients of the step under way
}

// common checks the parameters and gives their dtype.
func common(params []*graph.Param) (tensor.Dtype, error) {
	if len(params) == 0 {
		return tensor.Dtype{}, graph.Error{Field: "parameters", Rule: "must be at least one to train"}
	}
	seen := map[string]bool{}
	for _, p := range params {
		switch {
		case p == nil || p.Value() == nil:
			return tensor.Dtype{}, graph.Error{Field: "parameter", Rule: "must not be nil"}
		case seen[p.Path]:
			return tensor.Dtype{}, graph.Error{Path: p.Path, Field: "parameter", Rule: "must be given once"}
		case !p.Trainable():
			return tensor.Dtype{}, graph.Error{Path: p.Path, Field: "parameter", Rule: "must be trainable"}
		case p.Value().Dtype() != params[0].Value().Dtype():
			return tensor.Dtype{}, graph.Error{Path: p.Path, Field: "parameter", Rule: "must be of the dtype of the others", Value: p.Value().Dtype()}
		}
		seen[p.Path] = true
	}
	return params[0].Value().Dtype(), nil
}

func start(params []*graph.Param, dtype tensor.Dtype, r rule) *State {
	params = slices.Clone(params)
	s := &State{rule: r, params: params, dtype: dtype, learningRate: r.learningRate, scales: make([]float64, len(params))}
	if dtype == tensor.Float32 {
		s.work = newWork(params, r, r.f32, (*tensor.Dense).Float32s)
	} else {
		s.work = newWork(params, r, r.f64, (*tensor.Dense).Float64s)
	}
	return s
}

// Step changes every parameter, in place, along its gradient; grads are in the
// order in which Start was given the parameters, of their shapes and dtype. It
// writes to memory that programs read: call it inside Params.Update.
//
// An error changes nothing, neither the parameters nor the state. One of
// graph.ErrNotFinite names a parameter whose gradient has a NaN or an infinity,
// or elements too large to square where that is needed.
func (s *State) Step(grads []*tensor.Dense) error {
	if len(grads) != len(s.params) {
		return graph.Error{Field: "gradients", Rule: "must be one for each parameter", Value: len(grads)}
	}
	if err := s.measure(grads); err != nil {
		return err
	}
	rate := s.rule.rate(s.learningRate, s.iterations+1)
	if !finite(rounded(rate, s.dtype)) {
		return graph.Error{Field: "learning rate", Rule: "must be small enough for a finite step", Value: s.learningRate, Kind: graph.ErrNotFinite}
	}
	for i, g := range grads {
		s.work.step(i, g, s.scales[i], rate)
	}
	s.iterations++
	return nil
}

// measure checks all gradients and finds by how much each is scaled down.
func (s *State) measure(grads []*tensor.Dense) error {
	c := s.rule.clip
	total := 0.0
	for i, g := range grads {
		p := s.params[i]
		fits := g != nil && g.Dtype() == s.dtype && slices.Equal(g.Shape(), p.Value().Shape())
		largest, squares := math.NaN(), 0.0
		if fits {
			largest = s.work.largest(g)
		}
		if !finite(largest) {
			return at(p.Path, "gradient's ", graph.CheckTensor(g, s.dtype, graph.Shape(p.Value().Shape())))
		}
		if c.norm+c.global > 0 {
			squares = s.work.squares(g)
			total += squares
		}
		square := c.largest(largest) * c.largest(largest)
		if s.rule.squares != "" && !finite(rounded(square, s.dtype)) || c.norm+c.global > 0 && !finite(total) {
			return graph.Error{Path: p.Path, Field: "gradient", Rule: "must be small enough to square", Value: largest, Kind: graph.ErrNotFinite}
		}
		s.scales[i] = shrink(squares, c.norm)
	}
	if c.global > 0 {
		for i := range s.scales {
			s.scales[i] = shrink(total, c.global)
		}
	}
	return nil
}

// at gives an error of CheckTensor its place.
func at(path, prefix string, err error) error {
	var e graph.Error
	if !errors.As(err, &e) {
		return err
	}
	e.Path, e.Field = path, prefix+e.Field
	return e
}

// LearningRate is the one that the next step uses.
func (s *State) LearningRate() float64 { return s.learningRate }

// SetLearningRate changes the learning rate from the next step on. Zero stops
// the parameters where they are; negative, NaN, and what the parameters' dtype
// takes for infinite is an error that changes nothing.
func (s *State) SetLearningRate(rate float64) error {
	if !(rate >= 0) || !finite(rounded(rate, s.dtype)) {
		return graph.Error{Field: "learning rate", Rule: "must be finite and not negative", Value: rate}
	}
	s.learningRate = rate
	return nil
}

// Iterations is the number of steps done.
func (s *State) Iterations() int { return s.iterations }
