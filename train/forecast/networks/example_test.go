package networks_test

import (
	"fmt"

	"github.com/engram-go/engram/train/forecast/networks"
)

func ExampleLSTM() {
	model, err := networks.LSTM{Units: 64}.Model(networks.Task{
		Steps: 28, Horizon: 7, // four weeks, then one week
		Past: 2, Targets: 1, // sales, and a price
		Future:  1, // the price of the rows to forecast
		Outputs: 3, // quantiles
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	in, _ := model.InputShapes()
	out, _ := model.OutputShapes()
	fmt.Println(in, out)
	// Output: [[any, 28, 2] [any, 7, 1]] [[any, 7, 3]]
}
