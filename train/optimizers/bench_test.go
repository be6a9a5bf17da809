package optimizers_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// A step of 2²⁰ weights, in bytes that it reads and writes: the gradient twice, and the
// weights and slots in both directions.
func BenchmarkStep(b *testing.B) {
	const n = 1 << 20
	for _, s := range specimens {
		for o, slots := range s.Slots {
			for clips, o := range map[string]optimizers.Optimizer{"": o, "clipped": with(o, "GlobalClipNorm", 1)} {
				b.Run(fmt.Sprintf("%T/%v/%v", o, slots, clips), func(b *testing.B) {
					params := declare(b, tensor.Float32, map[string]graphtest.Array{"w": graphtest.Input(1, n)})
					state := begin(b, o, params)
					grads := []*tensor.Dense{dense(tensor.Float32, []int{n}, graphtest.Input(2, n).Data...)}
					b.SetBytes(4 * n * int64(4+2*len(slots)))
					for b.Loop() {
						if err := state.Step(grads); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
