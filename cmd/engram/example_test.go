package main

import (
	"context"
	"os"
)

func Example() {
	run(context.Background(), []string{"inspect", "../../datasets/data/airpassengers.csv"}, console{os.Stdin, os.Stdout, os.Stderr})
	// Output:
	// ../../datasets/data/airpassengers.csv: 144 rows from 1949-01 to 1960-12
	// Read as: comma-separated, yyyy-mm, every month
	//
	// column      numbers  missing  first  last  lowest  highest
	// ----------  -------  -------  -----  ----  ------  -------
	// passengers      144        0    112   432     104      622
}
