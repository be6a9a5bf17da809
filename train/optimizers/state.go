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
	allRows      [][]int   // nil for each parameter
	finite       []bool    // whether the weights are after it, by parameter
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
	s := &State{rule: r, params: params, dtype: dtype, learningRate: r.LearningRate, scales: make([]float64, len(params)), finite: make([]bool, len(params)), allRows: make([][]int, len(params))}
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
	return s.stepRows(grads, nil)
}

// StepRows is Step for gradients of which some are 0 but for some rows: rows[i] are the
// numbers, along the first axis and ascending, of all rows of gradient i that may not be
// 0, or nil where every row may. graph.Program.Rows has them for the gradient of an
// embedding. The result is that of Step, bit for bit.
//
// If the rule is Still, rows whose gradients have all been 0 so far are not read at all.
// Rows that were used before have slots, such as Adam's moments, which decay with every
// step, so they are updated as by Step; only a rule without slots skips them too.
func (s *State) StepRows(grads []*tensor.Dense, rows [][]int) error {
	if len(rows) != len(grads) {
		return graph.Error{Field: "rows", Rule: "must be given for each gradient", Value: len(rows)}
	}
	return s.stepRows(grads, rows)
}

// stepRows is StepRows; nil means all rows of all gradients.
func (s *State) stepRows(grads []*tensor.Dense, rows [][]int) error {
	if len(grads) != len(s.params) {
		return graph.Error{Field: "gradients", Rule: "must be one for each parameter", Value: len(grads)}
	}
	if rows == nil {
		rows = s.allRows
	}
	if err := s.checkRows(rows); err != nil {
		return err
	}
	if err := s.measure(grads, rows); err != nil {
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
		s.finite[i] = s.elements.step(i, g, rows[i], s.scales[i], rate, number)
	}
	s.iterations = number
	return nil
}

// Finite reports whether all weights of parameter i, in the order of Start, that the last
// step has written are finite.
func (s *State) Finite(i int) bool { return s.finite[i] }

// checkRows holds that rows belong to the parameters and ascend.
func (s *State) checkRows(rows [][]int) error {
	for i, list := range rows {
		p, before := s.params[i], -1
		for _, row := range list {
			if row <= before || len(p.Shape) == 0 || row >= p.Shape[0] {
				return graph.Error{Path: p.Path, Field: "rows of the gradient", Rule: "must ascend and belong to the parameter", Value: row}
			}
			before = row
		}
	}
	return nil
}

// measure checks all gradients and finds the factors that scale them down.
func (s *State) measure(grads []*tensor.Dense, rows [][]int) error {
	clip := s.rule.Clip
	total := 0.0
	for i, g := range grads {
		p := s.params[i]
		fits := g != nil && g.Dtype() == s.dtype && slices.Equal(g.Shape(), p.Value().Shape())
		largest, squares := math.NaN(), 0.0
		if fits {
			largest = s.elements.largest(g, rows[i])
		}
		if !dense.Finite(largest) {
			return badGradient(p, dense.Check(g, s.dtype, graph.Shape(p.Value().Shape())))
		}
		if clip.byNorm() {
			squares = s.elements.squares(g, rows[i])
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
