package datasets_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"log"
	"strings"
	"time"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/datasets/calendar"
)

func Example() {
	data, err := datasets.Windows(datasets.EUStocks(), datasets.WindowConfig{
		Columns: []string{"DAX"}, Steps: 30, Transform: datasets.LogReturn{}, Test: 0.2,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(data.InputShape(), data.Train.Len(), data.Test.Len())

	// A model that expects the average return every day.
	yhat := tensor.New(tensor.WithShape(data.Test.Len(), 1), tensor.Of(tensor.Float32))
	score, err := data.Score(yhat)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(score)
	// Output:
	// [30, 1] 1457 372
	// DAX: RMSE 62.85, MAE 48.15 over 372 windows; persistence RMSE 62.99, MAE 48.21; skill 0.2 %
}

func ExampleReadCSV() {
	file := "date,close\n2024-01-02,101.5\n2024-01-03,n/a\n2024-01-05,102\n"
	series, err := datasets.ReadCSV(strings.NewReader(file), datasets.CSVConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(series.Values, series.Notes)
	_, err = datasets.ReadCSV(strings.NewReader(file), datasets.CSVConfig{Missing: "error"})
	fmt.Println(err)
	// Output:
	// [[101.5 NaN 102]] comma-separated, yyyy-mm-dd, every day, 1 row missing at 2024-01-04, 1 missing value
	// csv:3: close must not be missing, as CSVConfig.Missing says: correct it, or set CSVConfig.Missing to drop or previous, got "n/a"
}

func ExampleReadCSVs() {
	file := "shop,day,sold\nA,2024-01-02,7\nB,2024-01-02,5\nA,2024-01-03,8\nB,2024-01-03,\n"
	shops, err := datasets.ReadCSVs(strings.NewReader(file), "shop", datasets.CSVConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range shops {
		fmt.Println(s.Name, s.Index, s.Columns, s.Values)
	}
	// Output:
	// A [2024-01-02 2024-01-03] [sold] [[7 8]]
	// B [2024-01-02 2024-01-03] [sold] [[5 NaN]]
}

// A query in time order becomes a series. The database here is one of a test.
func ExampleReadSQL() {
	db := sql.OpenDB(&result{columns: []string{"day", "close"}, rows: [][]driver.Value{
		{time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC), 101.5}, {time.Date(2024, 1, 3, 0, 0, 0, 0, time.UTC), 102.0},
	}})
	defer db.Close()
	rows, err := db.QueryContext(context.Background(), "SELECT day, close FROM prices ORDER BY day")
	if err != nil {
		fmt.Println(err)
		return
	}
	series, err := datasets.ReadSQL(rows, datasets.SQLConfig{Name: "prices"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(series.Index, series.Columns, series.Values)
	// Output:
	// [2024-01-02 2024-01-03] [close] [[101.5 102]]
}

// Nested slices become a tensor of sequences. It is the first program of
// docs/from-keras.md.
func ExampleFromTensors() {
	check := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	x := [][][]float32{{{1, 2}, {3, 4}, {5, 6}}, {{7, 8}, {9, 10}, {11, 12}}}
	y := [][]float64{{0}, {1}}

	var flat []float32
	for _, sample := range x {
		for _, step := range sample {
			flat = append(flat, step...)
		}
	}
	input := tensor.New(tensor.WithShape(len(x), len(x[0]), len(x[0][0])), tensor.WithBacking(flat)) // [samples, steps, features]
	target, err := datasets.Matrix(y, tensor.Float32)                                                // [samples, 1]
	check(err)
	data, err := datasets.FromTensors([]*tensor.Dense{input}, []*tensor.Dense{target})
	check(err)
	fmt.Println(data.Len(), data.X()[0].Shape(), data.Y()[0].Shape())
	// Output:
	// 2 (2, 3, 2) (2, 1)
}

func ExampleFromSlices() {
	data, err := datasets.FromSlices([][]float64{{0, 0}, {0, 1}, {1, 0}, {1, 1}}, [][]float64{{0}, {1}, {1}, {0}}, tensor.Float32)
	if err != nil {
		fmt.Println(err)
		return
	}
	var batch datasets.Batch
	if err := data.Gather([]int{3, 1}, &batch); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(batch.Inputs[0].Data(), batch.Targets[0].Data())
	// Output:
	// [1 1 0 1] [0 1]
}

// The second sample has three times the weight in losses and metrics.
func ExampleWeigh() {
	samples, err := datasets.FromSlices([][]float64{{1}, {2}}, [][]float64{{10}, {20}}, tensor.Float32)
	if err != nil {
		fmt.Println(err)
		return
	}
	data, err := datasets.Weigh(samples, tensor.New(tensor.WithShape(2), tensor.WithBacking([]float32{1, 3})))
	if err != nil {
		fmt.Println(err)
		return
	}
	var batch datasets.Batch
	if err := data.Gather([]int{1, 0}, &batch); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(batch.Weights[0])
	// Output: [3  1]
}

func ExampleFromTimes() {
	day := time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC)
	series, err := datasets.FromTimes("prices", []time.Time{day, day.AddDate(0, 0, 1)}, []string{"close"}, [][]float64{{101.5, 102}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(series.Index)
	// Output: [2024-01-02 2024-01-03]
}

// Hours of which one is missing, as days, with columns for the day of the week and holidays.
func ExampleSeries_Resample() {
	file := "time,sold\n2024-05-01 22:00,3\n2024-05-01 23:00,5\n2024-05-02 01:00,2\n2024-05-02 02:00,4\n"
	series, err := datasets.ReadCSV(strings.NewReader(file), datasets.CSVConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(series.Notes)
	days, err := series.Resample(calendar.Frequency{Unit: calendar.Day}, "sum")
	if err != nil {
		fmt.Println(err)
		return
	}
	days, err = days.WithDates("holiday", []time.Time{time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(days.Index, days.Columns, days.Values)
	// Output:
	// comma-separated, yyyy-mm-dd, every hour, 1 row missing at 2024-05-02T00:00
	// [2024-05-01 2024-05-02] [sold holiday] [[8 6] [1 0]]
}
