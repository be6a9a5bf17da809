package callbacks

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train"
)

// Mode says which way is an improvement.
type Mode string

// The modes. Auto is the default.
const (
	Auto Mode = "auto" // Min for losses; for a metric, what its HigherIsBetter says
	Min  Mode = "min"  // lower is better
	Max  Mode = "max"  // higher is better
)

// check refuses an unknown mode. class is the callback's type.
func (m Mode) check(class string) error {
	switch m {
	case Auto, Min, Max, "":
		return nil
	}
	return graph.Error{Field: class + ".Mode", Rule: "must be auto, min or max", Value: fmt.Sprintf("%q", string(m))}
}

// sign is 1 where a lower value of a log is better, and -1 where a higher one is.
func (m Mode) sign(t *train.Trainer, log string) float64 {
	higher, _ := t.HigherIsBetter(log)
	if m == Max || m != Min && higher {
		return -1
	}
	return 1
}
