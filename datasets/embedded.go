package datasets

import (
	"embed"
)

//go:embed data/*.csv
var files embed.FS

// EUStocks returns the daily closing prices of four stock indices, in index
// points, from the middle of 1991 to the middle of 1998: 1860 business days,
// columns DAX, SMI, CAC and FTSE, labelled with the time in years. They are
// the data set EuStockMarkets of R.
func EUStocks() *Series { return embedded("eustocks", "time") }

// AirPassengers returns the monthly passengers of international airlines from
// 1949 to 1960, in thousands: 144 months, column passengers, labelled "1949-01".
// They are series G of Box, Jenkins and Reinsel, AirPassengers in R.
func AirPassengers() *Series { return embedded("airpassengers", "month") }

// Sunspots returns the monthly mean relative sunspot numbers from 1749 to
// 2013: 3177 months, column sunspots, labelled "1749-01". They are the data
// set sunspot.month of R, from WDC-SILSO.
func Sunspots() *Series { return embedded("sunspots", "month") }

// embedded reads one of the files that are part of the program. A test reads
// them all, so reading cannot fail; were it to, the series would have no
// columns, which Windows and Column report.
func embedded(name, index string) *Series {
	f, err := files.Open("data/" + name + ".csv")
	if err != nil {
		return &Series{Name: name}
	}
	defer f.Close()
	s, err := readCSV(f, name+".csv", CSVConfig{Index: index}, fileLimits)
	if err != nil {
		return &Series{Name: name}
	}
	s.Name = name
	return s
}
