package main

import "github.com/engram-go/engram/datasets"

// stockResult is what --json writes.
type stockResult struct {
	result
	Sunspots result `json:"sunspots"`
	Report   string `json:"report"`
	Saved    string `json:"saved,omitempty"`
}

// result is what came of one forecaster.
type result struct {
	Series string `json:"series"`
	datasets.Score
	Learned bool   `json:"learned"`
	Verdict string `json:"verdict"`

	Sees  string `json:"sees"` // what the model sees of the series
	Steps int    `json:"steps"`
	Units int    `json:"units"`
	Seed  uint64 `json:"seed"`

	Epochs       int     `json:"epochs"`
	TrainSeconds float64 `json:"train_seconds"`
	FinalLoss    float64 `json:"final_loss"`
	Next         float64 `json:"next"` // the forecast after the last row
	WeightsHash  string  `json:"weights_sha256"`
}

func (f *forecaster) result() result {
	return result{
		Series: f.series.Name, Score: f.score, Learned: f.score.Learned(), Verdict: verdict(f.score),
		Sees: seen(f.transform), Steps: f.steps, Units: f.units, Seed: f.seed,
		Epochs: len(f.losses), TrainSeconds: f.took.Seconds(), FinalLoss: f.losses[len(f.losses)-1],
		Next: f.next, WeightsHash: f.hash,
	}
}
