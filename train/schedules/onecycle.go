package schedules

import (
	"cmp"
	"fmt"
	"math"

	"github.com/engram-go/engram/train/optimizers"
)

var _ optimizers.Schedule = OneCycle{}

// OneCycle raises the rate from MaxLearningRate/DivFactor to MaxLearningRate within
// PctStart of the steps, and lowers it to MaxLearningRate/DivFactor/FinalDivFactor within
// the others (Smith & Topin 2018, "Super-convergence"), along half cosines. With ThreePhase
// it first falls as fast as it rose, and reaches its end within the steps that are left.
// After TotalSteps it stays there.
//
// It is PyTorch's OneCycleLR, without its cycle of momentum.
type OneCycle struct {
	MaxLearningRate float64 // required, positive
	TotalSteps      int     // required; so many that each phase has a step
	PctStart        float64 // share of the steps in which the rate rises, between 0 and 1; default 0.3
	Linear          bool    // straight lines in the place of cosines
	DivFactor       float64 // positive; default 25
	FinalDivFactor  float64 // positive; default 10000
	ThreePhase      bool
}

// Rate is the learning rate of a step, from 0.
func (d OneCycle) Rate(step int) float64 {
	first := d.MaxLearningRate / cmp.Or(d.DivFactor, 25)
	last := first / cmp.Or(d.FinalDivFactor, 1e4)
	rates := []float64{first, d.MaxLearningRate, last}
	if d.ThreePhase {
		rates = []float64{first, d.MaxLearningRate, first, last}
	}
	ends := d.ends()
	at, from := min(float64(step), ends[len(ends)-1]), 0.0
	for i, end := range ends {
		if at <= end {
			return d.between(rates[i], rates[i+1], (at-from)/(end-from))
		}
		from = end
	}
	return last
}

// ends are the steps at which the phases end.
func (d OneCycle) ends() []float64 {
	rise := cmp.Or(d.PctStart, 0.3) * float64(d.TotalSteps)
	end := float64(d.TotalSteps) - 1
	if d.ThreePhase {
		return []float64{rise - 1, 2*rise - 2, end}
	}
	return []float64{rise - 1, end}
}

func (d OneCycle) between(start, end, share float64) float64 {
	if d.Linear {
		return (end-start)*share + start
	}
	return end + (start-end)/2*(1+math.Cos(math.Pi*share))
}

// Check reports a field that is not valid.
func (d OneCycle) Check() error {
	f := fields{class: "OneCycle"}
	f.positive("MaxLearningRate", d.MaxLearningRate)
	if share := cmp.Or(d.PctStart, 0.3); !(share > 0 && share < 1) {
		f.fail("PctStart", "must lie between 0 and 1", share)
	}
	f.positive("DivFactor", cmp.Or(d.DivFactor, 25))
	f.positive("FinalDivFactor", cmp.Or(d.FinalDivFactor, 1e4))
	before := 0.0
	for i, end := range d.ends() {
		if !(end > before) {
			f.fail("TotalSteps", fmt.Sprintf("must be so many that phase %d of the cycle has a step", i+1), d.TotalSteps)
		}
		before = end
	}
	return f.err
}
