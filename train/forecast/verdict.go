package forecast

import (
	"fmt"
	"math"
	"strings"

	"github.com/engram-go/engram/train/forecast/scores"
)

// Verdict compares the networks with simple methods, on the test part or in a backtest.
type Verdict struct {
	Best    string    `json:"best"`              // the method with the lowest error: "model", or a simple one; of equal ones the simple one
	Rival   string    `json:"rival"`             // the simple method with the lowest error
	Metric  string    `json:"metric"`            // the error: "MASE", or "MAE" where the scale of MASE is 0
	Origins int       `json:"origins"`           // forecasts that were judged, of all series; Fit judges 400 at most
	Levels  []float64 `json:"levels"`            // of the quantiles; coverage is that of the outer two
	Scores  []Scores  `json:"scores"`            // of the model, then of the simple methods
	Missing []string  `json:"missing,omitempty"` // simple methods that could not be fitted, and why
	Repeats bool      `json:"repeats"`           // the model's first row follows an earlier value more closely than the one that it forecasts

	// P says how likely a difference between model and rival as large as this one is if
	// both are equally good: the test of Diebold and Mariano on the squared errors of whole
	// forecasts. nil where there are too few forecasts.
	P *float64 `json:"p,omitempty"`
}

// Scores are the errors of one method: over all forecasts, for each row of the horizon, and for
// each target where there are several. Over targets in different units, MASE alone is a sensible
// mean.
type Scores struct {
	Method string `json:"method"`
	Values
	Steps   []Values          `json:"steps"` // [horizon]
	Targets map[string]Values `json:"targets,omitempty"`
}

// Values are scores in the units of the series, as package scores defines them. What is
// not defined is nil, such as MAPE where a true value is 0.
type Values struct {
	Count    int      `json:"count"` // values that were forecast
	MAE      *float64 `json:"mae"`
	RMSE     *float64 `json:"rmse"`
	MAPE     *float64 `json:"mape"`
	SMAPE    *float64 `json:"smape"`
	MASE     *float64 `json:"mase"`
	Pinball  *float64 `json:"pinball"`  // mean over the levels
	Coverage *float64 `json:"coverage"` // share of the true values between the outer quantiles
}

// metric is the error that decides.
func (v Values) metric(name string) float64 {
	x := v.MAE
	if name == "MASE" {
		x = v.MASE
	}
	if x == nil {
		return math.Inf(1)
	}
	return *x
}

// decide finds the best method, and tests the difference. Losses are those of whole forecasts,
// which are distance rows apart.
func (v *Verdict) decide(losses map[string][]float64, horizon, distance int) {
	v.Metric = "MASE"
	for _, s := range v.Scores {
		if s.MASE == nil {
			v.Metric = "MAE"
		}
	}
	rival := math.Inf(1)
	for _, s := range v.Scores[1:] {
		if x := s.metric(v.Metric); x < rival {
			v.Rival, rival = s.Method, x
		}
	}
	if v.Rival == "" {
		return
	}
	if v.Scores[0].metric(v.Metric) >= rival { // of equal ones, the simple one
		v.Best = v.Rival
	}
	// The test takes squared errors of single values. The root of a loss is such an error.
	n := len(losses[modelName])
	zero, model, other := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		model[i], other[i] = math.Sqrt(losses[modelName][i]), math.Sqrt(losses[v.Rival][i])
	}
	overlap := (horizon + distance - 1) / distance // forecasts that share rows
	if c, err := scores.DieboldMariano(zero, model, other, min(overlap, max(1, n-1))); err == nil {
		v.P = &c.P
	}
}

// Of are the scores of a method.
func (v Verdict) Of(method string) (Scores, bool) {
	for _, s := range v.Scores {
		if s.Method == method {
			return s, true
		}
	}
	return Scores{}, false
}

// String is the verdict in a few sentences.
func (v Verdict) String() string {
	model, _ := v.Of(modelName)
	rival, ok := v.Of(v.Rival)
	switch {
	case !ok && len(v.Missing) > 0:
		return "There is no verdict: no simple method could be fitted."
	case !ok:
		return "There is no verdict: the model was not compared with simple methods."
	}
	m, r := model.metric(v.Metric), rival.metric(v.Metric)
	var b strings.Builder
	forecasts := fmt.Sprintf("%d forecasts", v.Origins)
	if v.Origins == 1 {
		forecasts = "1 forecast"
	}
	chance := ""
	if v.P != nil {
		chance = fmt.Sprintf(", p = %.2g", *v.P)
		if *v.P < 0.001 {
			chance = ", p < 0.001"
		}
		if *v.P > 0.05 {
			chance += ", which may be chance"
		}
	}
	switch {
	case m == r:
		fmt.Fprintf(&b, "The model is no better than %s, the best simple method: both have a %s of %.4g (%s).", v.Rival, v.Metric, m, forecasts)
	case v.Best == modelName:
		fmt.Fprintf(&b, "The model wins: its %s of %.4g is %.1f %% below the %.4g of %s, the best simple method (%s%s).", v.Metric, m, 100*(1-m/r), r, v.Rival, forecasts, chance)
	default:
		fmt.Fprintf(&b, "The model loses: %s has a %s of %.4g, the model %.4g (%s%s).", v.Rival, v.Metric, r, m, forecasts, chance)
	}
	if v.Repeats {
		b.WriteString(" One row ahead, the model follows an earlier value more closely than the one that it forecasts: it mostly repeats what was last known.")
	}
	return b.String()
}
