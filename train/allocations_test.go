package train_test

import (
	"testing"

	"github.com/engram-go/engram/train"
)

// A step allocates what the tape machine does for each operation, 53 times here,
// and next to nothing of its own.
func TestAllocationsOfAStep(t *testing.T) {
	trainer := compile(t, linear(1), train.Config{})
	b := batch(t, table(t, 1, 1))
	got := testing.AllocsPerRun(100, func() {
		if _, err := trainer.Step(background, b); err != nil {
			t.Fatal(err)
		}
	})
	if got > 80 {
		t.Errorf("%v allocations", got)
	}
}
