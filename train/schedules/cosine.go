package schedules

import (
	"cmp"
	"math"

	"github.com/engram-go/engram/train/optimizers"
)

var (
	_ optimizers.Schedule = CosineDecay{}
	_ optimizers.Schedule = CosineDecayRestarts{}
)

// CosineDecay lowers the rate along half a cosine within DecaySteps steps, to Alpha of what
// it was, and keeps it there (Loshchilov & Hutter 2017, "SGDR"):
//
//	InitialLearningRate · ((1 − Alpha)·(1 + cos(π·step/DecaySteps))/2 + Alpha)
//
// With WarmupTarget the rate first rises within WarmupSteps steps, in a straight line from
// InitialLearningRate (Goyal et al. 2017). Then it decays from WarmupTarget, for
// DecaySteps more.
type CosineDecay struct {
	InitialLearningRate float64 // required, positive; from 0 with WarmupTarget
	DecaySteps          int     // required, positive
	Alpha               float64 // share of the rate that is left, from 0 to 1; default 0
	WarmupTarget        float64 // default 0: no warm-up
	WarmupSteps         int     // positive with WarmupTarget
}

// Rate is the learning rate of a step, from 0.
func (d CosineDecay) Rate(step int) float64 {
	from := d.InitialLearningRate
	if d.WarmupTarget != 0 {
		if step < d.WarmupSteps {
			return (d.WarmupTarget-from)*float64(step)/float64(d.WarmupSteps) + from
		}
		step, from = step-d.WarmupSteps, d.WarmupTarget
	}
	return from * alongCosine(float64(min(step, d.DecaySteps))/float64(d.DecaySteps), 1, d.Alpha)
}

// alongCosine falls from about height to alpha as a share goes from 0 to 1.
func alongCosine(share, height, alpha float64) float64 {
	return (1-alpha)*0.5*height*(1+math.Cos(math.Pi*share)) + alpha
}

// Check reports a field that is not valid.
func (d CosineDecay) Check() error {
	f := fields{class: "CosineDecay"}
	if d.WarmupTarget != 0 {
		f.notNegative("InitialLearningRate", d.InitialLearningRate)
		f.positive("WarmupTarget", d.WarmupTarget)
		f.steps("WarmupSteps", d.WarmupSteps)
	} else {
		f.positive("InitialLearningRate", d.InitialLearningRate)
		if d.WarmupSteps != 0 {
			f.fail("WarmupSteps", "must be 0 without WarmupTarget, the rate after the warm-up", d.WarmupSteps)
		}
	}
	f.steps("DecaySteps", d.DecaySteps)
	f.share("Alpha", d.Alpha)
	return f.err
}

// CosineDecayRestarts is a CosineDecay that starts again at its end (Loshchilov & Hutter
// 2017, "SGDR"). Period i, from 0, has FirstDecaySteps·TMulⁱ steps. With the share p of it
// that has passed, the rate is
//
//	InitialLearningRate · ((1 − Alpha)·MMulⁱ·(1 + cos(π·p))/2 + Alpha)
//
// A period starts exactly at its first step. Keras finds it through logarithms, whose
// rounding can begin it a step later.
type CosineDecayRestarts struct {
	InitialLearningRate float64 // required, positive
	FirstDecaySteps     int     // required, positive
	TMul                float64 // at least 1; default 2
	MMul                float64 // positive; default 1
	Alpha               float64 // share of the rate that is left, from 0 to 1; default 0
}

// Rate is the learning rate of a step, from 0.
func (d CosineDecayRestarts) Rate(step int) float64 {
	longer, first := cmp.Or(d.TMul, 2), float64(d.FirstDecaySteps)
	period := math.Floor(float64(step) / first)
	start := func(period float64) float64 { return first * period }
	if longer != 1 {
		start = func(period float64) float64 { return first * (math.Pow(longer, period) - 1) / (longer - 1) }
		period = math.Floor(math.Log1p(float64(step)/first*(longer-1)) / math.Log(longer))
		if start(period+1) <= float64(step) { // the logarithms are rounded
			period++
		}
	}
	share := (float64(step) - start(period)) / (first * math.Pow(longer, period))
	return d.InitialLearningRate * alongCosine(min(max(share, 0), 1), math.Pow(cmp.Or(d.MMul, 1), period), d.Alpha)
}

// Check reports a field that is not valid.
func (d CosineDecayRestarts) Check() error {
	f := fields{class: "CosineDecayRestarts"}
	f.positive("InitialLearningRate", d.InitialLearningRate)
	f.steps("FirstDecaySteps", d.FirstDecaySteps)
	if t := cmp.Or(d.TMul, 2); !(t >= 1) || math.IsInf(t, 1) {
		f.fail("TMul", "must be finite and at least 1", t)
	}
	f.positive("MMul", cmp.Or(d.MMul, 1))
	f.share("Alpha", d.Alpha)
	return f.err
}
