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
	learningRate float64 // of all steps, if there is no schedule
	iterations   int
	elements     elements
	slots        []Slot       // those of the rule, then others
	accumulator  *accumulator // nil without accumulation
	average      averaging
	swapped      bool      // the weights are the averages
	groups       []rates   // of parameters with equal ones
	groupOf      []int     // by parameter
	scales       []float64 // of the gradients in the current step
	allRows      [][]int   // nil for each parameter
	finite       []bool    // whether the weights are after it, by parameter
}

// Start checks an optimizer and its config, and prepares it for trainable parameters of one
// dtype. It does not change them.
func Start(o Optimizer, params []*graph.Param, cfg Config) (*State, error) {
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
	if err := cfg.check(); err != nil {
		return nil, err
	}
	n := len(params)
	s := &State{
		params: slices.Clone(params), dtype: dtype, learningRate: r.LearningRate,
		slots: slices.Clone(r.Slots), average: cfg.averaging(len(r.Slots)),
		scales: make([]float64, n), finite: make([]bool, n), allRows: make([][]int, n),
	}
	if cfg.EMA != nil {
		s.slots = append(s.slots, Slot{Name: averageSlot})
	}
	if cfg.GradientAccumulationSteps > 1 {
		s.accumulator = &accumulator{steps: cfg.GradientAccumulationSteps, slot: len(s.slots), rows: make([][]int, n), pending: make([]pendingRows, n)}
		s.accumulator.restored(0)
		s.slots = append(s.slots, Slot{Name: accumulatorSlot})
	}
	if err := r.check(class(o), dtype, s.slots); err != nil {
		return nil, err
	}
	if s.groups, s.groupOf, err = cfg.resolve(params, r.WeightDecay, dtype); err != nil {
		return nil, err
	}
	if r.Rate == nil {
		r.Rate = func(learningRate float64, _ int) float64 { return learningRate }
	}
	s.rule = r
	if dtype == tensor.Float32 {
		s.elements = newElements(s.params, r, r.Float32, s.slots)
	} else {
		s.elements = newElements(s.params, r, r.Float64, s.slots)
	}
	if a := s.accumulator; a != nil {
		for i := range params {
			a.grads = append(a.grads, s.elements.slot(i, a.slot))
		}
	}
	return s, nil
}

// Step changes every parameter, in place, along its gradient; grads are in the
// order in which Start was given the parameters, with their shapes and dtype. It
// writes to memory that programs read: call it inside Params.Update.
//
// With Config.GradientAccumulationSteps, k > 1, it adds up the gradients, and each k-th
// call changes the parameters by the mean of k gradients, as Keras does. Clipping, decay and
// averages belong to that call. Each gradient counts alike, however many samples its batch
// had. A Schedule counts the calls, as in Keras, and Iterations the changes.
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
	if s.swapped {
		return graph.Error{Field: "weights", Rule: "must not be the averages in a step; swap them back first, with SwapAverages of a Trainer or Swap of a State"}
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
	if err := s.setRates(); err != nil {
		return err
	}
	if a := s.accumulator; a != nil {
		if !a.add(s.elements, grads, rows) {
			for i := range s.finite {
				s.finite[i] = true
			}
			return nil
		}
		grads, rows = a.grads, a.rows
		s.setScales(grads, rows) // a mean is not larger than its largest part, which measure has accepted
	}
	number := s.iterations + 1
	for i, g := range grads {
		group := s.groups[s.groupOf[i]]
		s.finite[i] = s.elements.step(i, g, rows[i], change{s.scales[i], group.rate, group.decay, number, s.average.at(number)})
	}
	s.iterations = number
	if a := s.accumulator; a != nil {
		a.clear(s.elements)
	}
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
	for i, g := range grads {
		p := s.params[i]
		fits := g != nil && g.Dtype() == s.dtype && slices.Equal(g.Shape(), p.Value().Shape())
		largest := math.NaN()
		if fits {
			largest = s.elements.largest(g, rows[i])
		}
		if !dense.Finite(largest) {
			return badGradient(p, dense.Check(g, s.dtype, graph.Shape(p.Value().Shape())))
		}
		square := clip.bound(largest) * clip.bound(largest)
		if s.rule.squares() && !dense.Finite(dense.Round(s.dtype, square)) {
			return tooLarge(p, largest)
		}
	}
	if i := s.setScales(grads, rows); i >= 0 {
		return tooLarge(s.params[i], s.elements.largest(grads[i], rows[i]))
	}
	return nil
}

// setScales finds the factors that scale gradients down to the norms of clipping. It
// returns the index of the first gradient with which the sum of squares is infinite, or -1.
func (s *State) setScales(grads []*tensor.Dense, rows [][]int) int {
	clip, total := s.rule.Clip, 0.0
	for i, g := range grads {
		s.scales[i] = 1
		if !clip.byNorm() {
			continue
		}
		squares := s.elements.squares(g, rows[i])
		if total += squares; !dense.Finite(total) {
			return i
		}
		s.scales[i] = shrink(squares, clip.ClipNorm)
	}
	if clip.GlobalClipNorm > 0 {
		for i := range s.scales {
			s.scales[i] = shrink(total, clip.GlobalClipNorm)
		}
	}
	return -1
}

func tooLarge(p *graph.Param, largest float64) error {
	return graph.Error{Path: p.Path, Field: "gradient", Rule: "must be small enough to square", Value: largest, Kind: graph.ErrNotFinite}
}

// badGradient says of which parameter the gradient is that dense.Check refuses.
func badGradient(p *graph.Param, err error) error {
	var e graph.Error
	if !errors.As(err, &e) {
		return err
	}
	return errs.At(err, p.Path, "gradient's "+e.Field)
}

// Iterations is the number of updates done.
func (s *State) Iterations() int { return s.iterations }

// batches is the number of calls of Step so far.
func (s *State) batches() int {
	if a := s.accumulator; a != nil {
		return s.iterations*a.steps + a.done
	}
	return s.iterations
}
