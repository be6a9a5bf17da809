package notebook_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/engram-go/engram/cmd/internal/notebook"
)

func Example() {
	nb := notebook.New("Two forecasts of the sunspots", os.Stdout)
	nb.Markdown("## Errors\n\nThe model reads **thirty months** and predicts the next one. Persistence repeats the last month.")
	nb.Table(notebook.Table{
		Caption: "Errors on the last fifth (monthly mean)",
		Header:  []string{"forecast", "RMSE", "MAE"},
		Rows:    [][]string{{"LSTM(50)", "16.5", "12.0"}, {"persistence", "18.1", "13.25"}},
	})
	nb.Lines(notebook.LineChart{
		Title: "Loss by epoch", X: "epoch", Y: "loss (MSE)",
		Series: []notebook.Series{{Name: "train", Y: []float64{0.9, 0.4, 0.3}}},
	})

	dir, err := os.MkdirTemp("", "notebook")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path, err := nb.WriteFile(dir, "sunspots.html")
	fmt.Println(filepath.Base(path), err)
	// Output:
	// Two forecasts of the sunspots
	// =============================
	//
	// Errors
	// ------
	//
	// The model reads thirty months and predicts the next one. Persistence repeats the
	// last month.
	//
	// Errors on the last fifth (monthly mean)
	// forecast     RMSE    MAE
	// -----------  ----  -----
	// LSTM(50)     16.5   12.0
	// persistence  18.1  13.25
	//
	// Loss by epoch
	// * train
	// loss (MSE)
	//     |***
	//     |   ****
	// 0.8 +       ****
	//     |           ****
	//     |               ****
	// 0.6 +                   ****
	//     |                       ****
	//     |                           ****
	//     |                               ****
	// 0.4 +                                   ************
	//     |                                               ******************
	//     |                                                                 **********
	//     ++------------------------------------+------------------------------------+
	//      1                                    2                                    3
	//      epoch
	//
	// sunspots.html <nil>
}

func ExampleTable_WriteTo() {
	t := notebook.Table{
		Header: []string{"layer", "output shape", "parameters"},
		Rows:   [][]string{{"lstm", "[any, 50]", "10,400"}, {"dense", "[any, 1]", "51"}},
	}
	if _, err := t.WriteTo(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// layer  output shape  parameters
	// -----  ------------  ----------
	// lstm   [any, 50]         10,400
	// dense  [any, 1]              51
}
