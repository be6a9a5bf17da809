package layers

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/pkg/errors"
)

type initFunc func(shape graph.Shape) ([]float64, error)

func (f initFunc) Init(_ *rand.Rand, shape graph.Shape) ([]float64, error) { return f(shape) }

// The initializer's errors come out of every part of the bias, and the parts
// are in the order of the gates.
func TestGateBias(t *testing.T) {
	fault := errors.New("no numbers")
	for failAt := range 2 {
		calls := 0
		b := gateBias{initializer: initFunc(func(shape graph.Shape) ([]float64, error) {
			calls++
			if calls > failAt {
				return nil, fault
			}
			return make([]float64, shape.Size()), nil
		}), units: 2, forget: true}
		if _, err := b.Init(nil, graph.Shape{8}); !errors.Is(err, fault) {
			t.Errorf("call %d: got %v", failAt, err)
		}
	}
	got, err := gateBias{initializers.Constant{Value: 3}, 2, true}.Init(graph.Rand(1, "", "", graph.Tick{}), graph.Shape{8})
	if want := []float64{3, 3, 1, 1, 3, 3, 3, 3}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}
