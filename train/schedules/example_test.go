package schedules_test

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/schedules"
)

// A warm-up of 100 steps, and then a decay within 900.
func Example() {
	s := schedules.CosineDecay{DecaySteps: 900, WarmupTarget: 0.01, WarmupSteps: 100}
	for _, step := range []int{0, 50, 100, 550, 1000} {
		fmt.Printf("%4d %.4f\n", step, s.Rate(step))
	}
	_ = optimizers.AdamW{Schedule: s}
	// Output:
	//    0 0.0000
	//   50 0.0050
	//  100 0.0100
	//  550 0.0050
	// 1000 0.0000
}

// Noam is the schedule of the Transformer (Vaswani et al. 2017).
type Noam struct{ Units, WarmupSteps int }

// Rate is the learning rate of a step, from 0.
func (n Noam) Rate(step int) float64 {
	t := float64(step + 1)
	return min(1/math.Sqrt(t), t*math.Pow(float64(n.WarmupSteps), -1.5)) / math.Sqrt(float64(n.Units))
}

// A schedule of your own.
func Example_ownSchedule() {
	var s optimizers.Schedule = Noam{Units: 512, WarmupSteps: 4000}
	fmt.Printf("%.6f %.6f %.6f\n", s.Rate(0), s.Rate(3999), s.Rate(99999))
	_ = optimizers.Adam{Beta2: new(0.98), Schedule: s}
	// Output: 0.000000 0.000699 0.000140
}
