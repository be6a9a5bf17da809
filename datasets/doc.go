// Package datasets has time series, and makes samples of them that a model can be
// trained on.
//
// A Series is a table of numbers in time order: read from a CSV file (LoadCSV,
// ReadCSV), a database (ReadSQL) or a Parquet file (package datasets/parquet), made of
// Go slices (FromSlice, FromColumns, FromTimes) or included in the module (EUStocks,
// AirPassengers, Sunspots). A file of several series is read by LoadCSVs. A series knows the
// times of its rows, if they have any; missing values are NaN. Its methods insert missing rows
// (Regular), change the frequency (Resample), fill values in (Fill), choose rows and add
// columns of the calendar. Windows transforms a series, divides it into
// sliding windows and splits these in time order. Windowed turns predictions back
// into original units and compares them with the naive forecasts (Score).
//
// The data that training reads, Data, Batch and Samples, are defined in package
// datasets/samples. Their names, and the functions that make them of tensors and Go
// slices, are available here too.
package datasets
