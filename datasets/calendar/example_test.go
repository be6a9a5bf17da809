package calendar_test

import (
	"fmt"
	"time"

	"github.com/engram-go/engram/datasets/calendar"
)

// Business days with a holiday on Thursday.
func ExampleInfer() {
	var times []time.Time
	for _, day := range []int{3, 4, 5, 7, 10, 11} {
		times = append(times, time.Date(2024, 6, day, 0, 0, 0, 0, time.UTC))
	}
	f, err := calendar.Infer(times)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f, f.Season(), calendar.Features(f))
	fmt.Println(f.Add(times[5], 4).Format(time.DateOnly))
	fmt.Println(f.Steps(times[2], times[3]))
	// Output:
	// business day 5 [day of week day of month day of year]
	// 2024-06-17
	// 2 true
}
