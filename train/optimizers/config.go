package optimizers

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/params"
	"gorgonia.org/tensor"
)

// Config says what a State does around the updates of any optimizer. The zero value
// applies them to the gradients as they come.
type Config struct {
	Groups []Group // parameters with other learning rates or weight decays

	// GradientAccumulationSteps is the number of calls of Step that make one update, with
	// the mean of their gradients; default 1. See State.Step.
	GradientAccumulationSteps int

	EMA *EMA // moving averages of the weights; nil for none
}

// Group changes how the parameters of some paths are trained. Where several groups have a
// parameter, each field is that of the last one in which it is set.
//
// A pattern is names of a path, separated by slashes; it means every parameter whose path
// has names that match them, one after the other, anywhere. So "bias" means all biases,
// "encoder" and "model/encoder" everything within, and "lstm*/kernel" the kernels of
// lstm, lstm_1 and so on. Package path's Match says what else a name may have. Every
// pattern must match a parameter that is trained.
type Group struct {
	Paths       []string // patterns; required
	RateFactor  float64  // multiplies the learning rate; default 1. Model.Freeze is for parameters that stay
	WeightDecay *float64 // in the place of the optimizer's; nil leaves that
}

// NoWeightDecay is the group of parameters that weight decay leaves out, such as
// NoWeightDecay("bias", "gamma", "beta").
func NoWeightDecay(paths ...string) Group { return Group{Paths: paths, WeightDecay: new(float64)} }

// rates are those of parameters with equal ones.
type rates struct {
	rateFactor, weightDecay float64
	rate, decay             float64 // of the current step: its size, and the share of a weight that decays
}

// resolve checks the groups and makes the distinct rates, and for each parameter the index
// of its own.
func (c Config) resolve(trained []*graph.Param, weightDecay float64, dtype tensor.Dtype) (all []rates, of []int, err error) {
	own := slices.Repeat([]rates{{rateFactor: 1, weightDecay: weightDecay}}, len(trained))
	for i, g := range c.Groups {
		f := fields{class: fmt.Sprintf("Groups[%d]", i), dtype: dtype}
		f.number("RateFactor", g.RateFactor)
		if g.WeightDecay != nil {
			f.number("WeightDecay", *g.WeightDecay)
		}
		if len(g.Paths) == 0 {
			f.fail("Paths", "must have a pattern", nil)
		}
		for _, pattern := range g.Paths {
			matched := false
			for k, p := range trained {
				yes, err := matches(pattern, p.Path)
				if err != nil {
					f.fail("Paths", "must be patterns of package path's Match", pattern)
				}
				if !yes {
					continue
				}
				matched = true
				if g.RateFactor != 0 {
					own[k].rateFactor = g.RateFactor
				}
				if g.WeightDecay != nil {
					own[k].weightDecay = *g.WeightDecay
				}
			}
			if !matched {
				f.fail("Paths", "must match parameters that are trained"+nearest(trained, pattern), pattern)
			}
		}
		if f.err != nil {
			return nil, nil, f.err
		}
	}
	for _, r := range own {
		k := slices.Index(all, r)
		if k < 0 {
			k = len(all)
			all = append(all, r)
		}
		of = append(of, k)
	}
	return all, of, nil
}

// matches tells whether the names of a pattern stand one after the other in a path.
func matches(pattern, of string) (bool, error) {
	want, names := strings.Split(pattern, "/"), strings.Split(of, "/")
	for from := 0; from+len(want) <= len(names); from++ {
		yes, err := path.Match(pattern, strings.Join(names[from:from+len(want)], "/"))
		if yes || err != nil {
			return yes, err
		}
	}
	_, err := path.Match(pattern, "")
	return false, err
}

// nearest names the paths that are nearest to a pattern: of whole parameters, or of their
// last names if the pattern is one name.
func nearest(trained []*graph.Param, pattern string) string {
	count := strings.Count(pattern, "/") + 1
	var all []string
	for _, p := range trained {
		names := strings.Split(p.Path, "/")
		for from := 0; from+count <= len(names); from++ {
			all = append(all, strings.Join(names[from:from+count], "/"))
		}
	}
	return params.NearestOf(all, pattern)
}

// check checks the fields other than Groups.
func (c Config) check() error {
	if c.GradientAccumulationSteps < 0 || c.GradientAccumulationSteps > maxAccumulation {
		return graph.Error{Field: "GradientAccumulationSteps", Rule: fmt.Sprintf("must be from 0, which means 1, to %d", maxAccumulation), Value: c.GradientAccumulationSteps}
	}
	if c.EMA == nil {
		return nil
	}
	f := fields{class: "EMA", dtype: tensor.Float64}
	f.decay("Momentum", c.EMA.Momentum, 0)
	if c.EMA.OverwriteFrequency < 0 {
		f.fail("OverwriteFrequency", "must not be negative", c.EMA.OverwriteFrequency)
	}
	return f.err
}

// maxAccumulation limits GradientAccumulationSteps, so that batches can be counted.
const maxAccumulation = 1 << 20
