// Package serve answers forecasts over HTTP.
//
// New makes an http.Handler of a forecaster, which a Server runs; so does the command
// engram serve. The handler answers:
//
//   - POST /forecast: rows as JSON; the answer is their forecasts
//   - GET /model (or /): what the forecaster is
//   - GET /healthz: 200 while the handler runs, without a token
//   - GET /metrics: requests, their times and rows, for Prometheus
//   - GET /openapi.json: the description of all this, OpenAPI 3
//
// A request holds one or several series, each with its columns and, if the forecaster was
// trained on rows with times, the times of the rows, in the formats that package datasets
// reads. A missing number is null:
//
//	{"series": [{
//	  "name": "store 1",
//	  "times": ["2024-01-01", "2024-01-02", "2024-01-03"],
//	  "columns": {"sales": [12, null, 15]}
//	}]}
//
// Without series, {}, the answer is the forecast after the rows of the training.
//
// A refused request is answered by an error with its place, rule and value:
//
//	{"error": {"message": "series[0].columns.sales[1] must be a number or null, got \"x\"",
//	  "place": "series[0].columns.sales[1]", "rule": "must be a number or null", "value": "\"x\""}}
//
// Its status is 400 for a fault in the request, 401 without the token, 404 and 405 for another
// path or method, 413 for a request that is too large, 503 with Retry-After where too many
// are in progress or one takes too long, and 500 for a fault of the server, which Config.Log
// gets.
package serve
