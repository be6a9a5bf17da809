// Command write writes files of forecasters, and their forecasts as JSON, to the directory of its
// argument. It wrote ../v1_*; files of other versions have other names, and none is written again.
//
//	go run ./train/forecast/testdata/saved/write DIRECTORY
package main

import (
	"context"
	"encoding/json"
	"log"
	"math"
	"os"
	"path/filepath"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/forecast/networks"
	"gorgonia.org/tensor"
)

func main() {
	log.SetFlags(0)
	months := datasets.AirPassengers()
	write("months", forecast.Config{Horizon: 3, Steps: 6, Season: 1, Epochs: 2, Members: 2, Test: 0.05, Network: networks.LSTM{Units: 2},
		Transform: datasets.LogReturn{}, Head: forecast.Quantiles{Levels: []float64{0.2, 0.5, 0.8, 0.9}}}, months)

	var shops []*datasets.Series
	for k, name := range []string{"north", "south"} {
		columns := make([][]float64, 4)
		for r := range 43 {
			sold := math.Trunc(20 + 9*math.Sin(float64(r+k)/2) + float64(r*r%7))
			if r >= 40 || r == 11 || r == 38 {
				sold = math.NaN()
			}
			for c, v := range []float64{sold, float64(r % 5), float64(r % 7), float64(3 * k)} {
				columns[c] = append(columns[c], v)
			}
		}
		s, err := datasets.FromColumns(name, []string{"sold", "rain", "open", "size"}, columns)
		if err != nil {
			log.Fatal(err)
		}
		shops = append(shops, s)
	}
	base := forecast.Config{Targets: []string{"sold"}, Future: []string{"open"}, Static: []string{"size"}, Horizon: 3, Steps: 4, Season: 7, Epochs: 2, Test: 0.1,
		Network: networks.Sequential{Layers: []layers.Layer{layers.Dense{Units: 2}}}}
	blocks := base
	blocks.Block, blocks.Normalize, blocks.Head, blocks.Dtype = 2, forecast.NormalizeStandard, forecast.StudentT{}, tensor.Float64
	write("blocks", blocks, shops...)
	counts := base
	counts.Past, counts.Head, counts.Use = []string{"rain"}, forecast.NegativeBinomial{}, forecast.Best
	write("counts", counts, shops...)
}

// write writes a forecaster, the series of its training, and what it forecasts after these.
func write(name string, c forecast.Config, series ...*datasets.Series) {
	ctx := context.Background()
	f, err := forecast.Fit(ctx, c, series...)
	if err != nil {
		log.Fatal(err)
	}
	out, err := f.Forecast(ctx, series...)
	if err != nil {
		log.Fatal(err)
	}
	base := filepath.Join(os.Args[1], "v1_"+name)
	if err := f.Save(base + ".engram"); err != nil {
		log.Fatal(err)
	}
	file, err := os.Create(base + ".json")
	if err != nil {
		log.Fatal(err)
	}
	e := json.NewEncoder(file)
	e.SetIndent("", "\t")
	given := []*shown{}
	for _, s := range series {
		given = append(given, show(s))
	}
	if err := e.Encode(map[string]any{"series": given, "forecasts": out, "verdict": f.Verdict().String()}); err != nil {
		log.Fatal(err)
	}
	if err := file.Close(); err != nil {
		log.Fatal(err)
	}
}

// shown is a series as JSON; nil is a missing value.
type shown struct {
	Name    string
	Columns []string
	Times   []string `json:",omitempty"`
	Values  [][]*float64
}

func show(s *datasets.Series) *shown {
	j := &shown{Name: s.Name, Columns: s.Columns}
	for _, at := range s.Times {
		j.Times = append(j.Times, at.Format("2006-01-02"))
	}
	for _, values := range s.Values {
		var column []*float64
		for _, v := range values {
			if math.IsNaN(v) {
				column = append(column, nil)
			} else {
				column = append(column, &v)
			}
		}
		j.Values = append(j.Values, column)
	}
	return j
}
