package serve

import (
	"reflect"

	"github.com/engram-go/engram/datasets/calendar"
	"github.com/engram-go/engram/train/forecast"
)

// Model describes a forecaster: what its rows must have, what it forecasts and how good
// its forecasts are.
type Model struct {
	Targets []string `json:"targets"` // columns that are forecast
	Past    []string `json:"past"`    // covariates, which rows must have too
	Future  []string `json:"future"`  // covariates, which the rows to forecast must have too
	Static  []string `json:"static"`  // columns that describe a series

	Horizon int       `json:"horizon"` // rows that are forecast
	Rows    int       `json:"rows"`    // rows that a forecast needs, at least
	Season  int       `json:"season"`  // rows
	Step    string    `json:"step"`    // from row to row, such as "month"; empty if it is unknown
	Levels  []float64 `json:"levels"`  // of the quantiles
	Network string    `json:"network"` // such as LSTM
	Members int       `json:"members"` // networks whose mean is the forecast

	Judgement string             `json:"judgement"` // the verdict in words
	Verdict   forecast.Verdict   `json:"verdict"`
	Updates   []forecast.Updated `json:"updates"`
}

// Describe describes a forecaster.
func Describe(f *forecast.Forecaster) Model {
	c, v := f.Config(), f.Verdict()
	step := ""
	if f.Frequency() != (calendar.Frequency{}) {
		step = f.Frequency().String()
	}
	return Model{
		Targets: list(c.Targets), Past: list(c.Past), Future: list(c.Future), Static: list(c.Static),
		Horizon: c.Horizon, Rows: f.Rows(), Season: c.Season, Step: step, Levels: list(f.Levels()),
		Network: reflect.TypeOf(c.Network).Name(), Members: c.Members,
		Judgement: v.String(), Verdict: v, Updates: list(f.Updates()),
	}
}

// list is never null in JSON.
func list[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
