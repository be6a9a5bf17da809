package main

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
)

func TestAxis(t *testing.T) {
	for _, c := range []struct {
		series *datasets.Series
		label  string
		last   float64
	}{
		{datasets.EUStocks(), "year", 1998.646},
		{datasets.Sunspots(), "year", 2013 + 8.5/12},
		{datasets.FromSlice("p", []float64{4, 5, 6}), "row", 3},
		{&datasets.Series{Columns: []string{"p"}, Values: [][]float64{{4, 5}}, Index: []string{"Mon", "Tue"}}, "row", 2},
	} {
		label, at := subject{series: c.series}.axis(2)
		if label != c.label || len(at) != 2 || math.Abs(at[1]-c.last) > 1e-2 || !slices.IsSorted(at) {
			t.Errorf("%s: got %s %v, want %s to %v", c.series.Name, label, at, c.label, c.last)
		}
	}
}

func TestEnds(t *testing.T) {
	for _, c := range []struct {
		series      *datasets.Series
		first, last string
	}{
		{datasets.Sunspots(), "1749-01", "2013-09"},
		{datasets.FromSlice("p", []float64{4, 5, 6}), "–", "–"},
	} {
		if first, last := (subject{series: c.series}).ends(); first != c.first || last != c.last {
			t.Errorf("%s: got %s and %s, want %s and %s", c.series.Name, first, last, c.first, c.last)
		}
	}
}

func TestScoreRow(t *testing.T) {
	for skill, score := range map[string]datasets.Score{
		"10.0 %": {RMSE: 0.9, PersistenceRMSE: 1, Skill: 0.1},
		"–":      {RMSE: 0.9},
	} {
		if row := (&forecaster{score: score}).scoreRow(); row[len(row)-1] != skill {
			t.Errorf("got %q, want %s at the end", row, skill)
		}
	}
}

func TestName(t *testing.T) {
	for column, want := range map[string]string{
		"DAX":                        "DAX",
		" adjusted\n\tclose\x1b[2J ": "adjusted close [2J",
		"a column with a name of more than 30 letters": "a column with a name of more …",
	} {
		if got := (subject{column: column}).name(); got != want {
			t.Errorf("%q: got %q, want %q", column, got, want)
		}
	}
}
