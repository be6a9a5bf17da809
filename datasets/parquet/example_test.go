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
	series, err = parquet.Load("testdata/nulls.parquet", parquet.Config{Columns: []string{"a"}, Index: "c"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(series.Values)
	// Output:
	// [2024-01-02 2024-01-03] [price] [[101.25 -0.5]]
	// [[1 2 3 4 NaN 6]]
}
