package parquet_test

import (
	"fmt"

	"github.com/engram-go/engram/datasets/parquet"
)

func ExampleLoad() {
	series, err := parquet.Load("testdata/logical.parquet", parquet.Config{Columns: []string{"price"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(series.Index, series.Columns, series.Values)
	_, err = parquet.Load("testdata/nulls.parquet", parquet.Config{Columns: []string{"a"}, Index: "c"})
	fmt.Println(err)
	// Output:
	// [2024-01-02 2024-01-03] [price] [[101.25 -0.5]]
	// testdata/nulls.parquet, row 4: a must not be null: leave such rows out, or fill them in, before the file is written
}
