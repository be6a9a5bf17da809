package serve_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/forecast/serve"
)

// A service that forecasts the passengers of the next two months.
func Example() {
	f, err := forecast.Fit(context.Background(), forecast.Config{Horizon: 2, Steps: 12, Epochs: 1}, datasets.AirPassengers())
	if err != nil {
		fmt.Println(err)
		return
	}
	handler, err := serve.New(f, serve.Config{Model: serve.Describe(f)})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	err = serve.Server{Handler: handler, Address: "127.0.0.1:0", Ready: func(addr net.Addr) {
		go func() {
			defer stop()
			const rows = `{"series": [{"times": ["1961-01", "1961-02"], "columns": {"passengers": [450, "many"]}}]}`
			answer, err := http.Post("http://"+addr.String()+"/forecast", "application/json", strings.NewReader(rows))
			if err != nil {
				fmt.Println(err)
				return
			}
			defer answer.Body.Close()
			text, _ := io.ReadAll(answer.Body)
			fmt.Printf("%s\n%s", answer.Status, text)
		}()
	}}.Run(ctx)
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// 400 Bad Request
	// {"error":{"message":"series[0].columns.passengers[1] must be a number or null, got \"many\"","place":"series[0].columns.passengers[1]","rule":"must be a number or null","value":"\"many\""}}
}
