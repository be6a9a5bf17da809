package main

import (
	"fmt"
	"strconv"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
)

// result is what a forecast command found.
type result struct {
	file       string
	read       content
	series     []*datasets.Series
	forecaster *forecast.Forecaster
	next       []forecast.Forecast // of each series
	tuned      map[string]string   // what --tune found
}

// longEnough are the series that have as many rows as a forecast reads. It reports the others.
func (r result) longEnough(ctx *invocation, series []*datasets.Series) []*datasets.Series {
	if r.read.Series == nil {
		return series // Forecast says what is wrong
	}
	var long []*datasets.Series
	for _, s := range series {
		known := 0
		for _, name := range r.forecaster.Config().Targets {
			known = max(known, lastKnown(s, name)+1)
		}
		if known < r.forecaster.Rows() {
			fmt.Fprintf(ctx.stderr, "%s is not forecast: it has %s, and a forecast reads %d\n", s.Name, count(known, "row"), r.forecaster.Rows())
			continue
		}
		long = append(long, s)
	}
	return long
}

// object is the result as JSON. The fields forecast and quantiles are those of the first
// column. With --by, the field series has the forecasts of all series, and the others are
// those of the first.
func (r result) object() any {
	v := r.forecaster.Verdict()
	object := struct {
		forecastObject
		Series  map[string]forecastObject `json:"series,omitempty"`
		Verdict string                    `json:"verdict"`
		Best    string                    `json:"best"`
		Metric  string                    `json:"metric"`
		Scores  map[string]scoresObject   `json:"scores"`
		Tuned   map[string]string         `json:"tuned,omitempty"`
		Read    content                   `json:"read"`
	}{
		objectOf(r.next[0]), nil, v.String(), v.Best, v.Metric, scoresOf(v), r.tuned, r.read,
	}
	if r.read.Series != nil {
		object.Series = map[string]forecastObject{}
		for _, f := range r.next {
			object.Series[f.Series] = objectOf(f)
		}
	}
	return object
}

// forecastObject is the forecast of a series as JSON.
type forecastObject struct {
	Forecast  []float64               `json:"forecast"`
	Times     []string                `json:"times"`
	Quantiles map[string][]float64    `json:"quantiles"`
	Method    string                  `json:"method"`
	Columns   map[string]targetObject `json:"columns"`
}

func objectOf(f forecast.Forecast) forecastObject {
	first := f.Targets[0]
	return forecastObject{first.Values, f.Times, quantilesOf(first), f.Method, targetsOf(f)}
}

// scoresObject are the scores of a method as JSON.
type scoresObject struct {
	forecast.Values
	Columns map[string]forecast.Values `json:"columns,omitempty"` // where there are several
}

// scoresOf are the scores by method.
func scoresOf(v forecast.Verdict) map[string]scoresObject {
	all := map[string]scoresObject{}
	for _, s := range v.Scores {
		all[s.Method] = scoresObject{s.Values, s.Targets}
	}
	return all
}

// targetObject is the forecast of a column as JSON.
type targetObject struct {
	Forecast  []float64            `json:"forecast"`
	Quantiles map[string][]float64 `json:"quantiles"` // by level
}

func targetsOf(f forecast.Forecast) map[string]targetObject {
	all := map[string]targetObject{}
	for _, t := range f.Targets {
		all[t.Name] = targetObject{t.Values, quantilesOf(t)}
	}
	return all
}

func quantilesOf(t forecast.Target) map[string][]float64 {
	all := map[string][]float64{}
	for i, level := range t.Levels {
		all[strconv.FormatFloat(level, 'f', -1, 64)] = t.Quantiles[i]
	}
	return all
}
