package constraints_test

import (
	"fmt"
	"log"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/constraints"
)

// A kernel of 2 inputs and 2 units, whose columns have the norms 5 and 1.
func Example() {
	for _, c := range []graph.Constraint{
		constraints.MaxNorm{MaxValue: 2},
		constraints.MinMaxNorm{MinValue: 2, MaxValue: 4, Rate: 0.5},
		constraints.UnitNorm{},
		constraints.NonNeg{},
	} {
		kernel := []float64{3, 0, -4, 1}
		if err := c.Constrain(graph.Shape{2, 2}, kernel); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%T: %.2f\n", c, kernel)
	}
	// Output:
	// constraints.MaxNorm: [1.20 0.00 -1.60 1.00]
	// constraints.MinMaxNorm: [2.70 0.00 -3.60 1.50]
	// constraints.UnitNorm: [0.60 0.00 -0.80 1.00]
	// constraints.NonNeg: [3.00 0.00 0.00 1.00]
}
