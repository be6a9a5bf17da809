package callbacks

import (
	"fmt"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/metrics"
)

// Mode says whether a figure is good when it is low or when it is high.
type Mode string

const (
	Auto Mode = "auto" // the default: Min for the loss and Engram's own metrics; of others it must be said
	Min  Mode = "min"  // low is good
	Max  Mode = "max"  // high is good
)

// check refuses a mode that there is not. class is the callback that asks.
func (m Mode) check(class string) error {
	switch m {
	case Auto, Min, Max, "":
		return nil
	}
	return graph.Error{Field: class + ".Mode", Rule: "must be auto, min or max", Value: fmt.Sprintf("%q", string(m))}
}

// sign is 1 where the figure of that name is good when low, and -1 where it is
// good when high.
func (m Mode) sign(class, figure string) (float64, error) {
	switch m {
	case Min:
		return 1, nil
	case Max:
		return -1, nil
	}
	name := strings.TrimPrefix(figure, "val_")
	if name == "loss" {
		return 1, nil
	}
	for _, m := range []metrics.Metric{metrics.RMSE{}, metrics.MSE{}, metrics.MAE{}, metrics.MAPE{}} {
		if m.Name() == name {
			return 1, nil
		}
	}
	return 0, graph.Error{Field: class + ".Mode", Rule: fmt.Sprintf("must be min or max where the figure is neither the loss nor a metric of Engram's, as %q", figure), Value: "auto"}
}
