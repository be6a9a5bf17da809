package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/models"
)

func TestStockJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	results := stockJSON(t, append(tiny, "--report", "out/pages")...)
	spots, ok := results["sunspots"].(map[string]any)
	if !ok {
		t.Fatalf("no sunspots in %v", results)
	}
	for _, r := range []map[string]any{results, spots} {
		for _, key := range []string{"rmse", "mae", "persistence_rmse", "persistence_mae", "skill", "epochs", "train_seconds", "final_loss", "next"} {
			if _, ok := r[key].(float64); !ok {
				t.Errorf("%s is %v", key, r[key])
			}
		}
		if r["skill"] != 1-r["rmse"].(float64)/r["persistence_rmse"].(float64) || r["epochs"] != 1.0 {
			t.Errorf("skill %v, epochs %v", r["skill"], r["epochs"])
		}
		if hash, ok := r["weights_sha256"].(string); !ok || len(hash) != 64 {
			t.Errorf("weights_sha256 is %v", r["weights_sha256"])
		}
	}
	// The naive forecast does not depend on the model.
	if rmse, spots := results["persistence_rmse"].(float64), spots["persistence_rmse"].(float64); int(rmse*10) != 629 || int(spots*10) != 181 {
		t.Errorf("persistence has an RMSE of %v and %v", rmse, spots)
	}
	if want := []string{"out", "out/pages", "out/pages/stock.html"}; !slices.Equal(files(t), want) || results["report"] != "out/pages/stock.html" {
		t.Errorf("files %q, report %v", files(t), results["report"])
	}
}

func TestStockCSV(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "my prices.csv", wave(200))
	run := stockJSON(t, append(tiny, "--csv", "my prices.csv", "--epochs", "30", "--units", "8", "--steps", "8", "--transform", "diff")...)
	if run["target"] != "close" || run["series"] != "my prices" || run["windows"] != 40.0 {
		t.Errorf("forecast %v of %v over %v windows", run["target"], run["series"], run["windows"])
	}
	// The series is predictable, so the model must learn it.
	if run["learned"] != true {
		t.Errorf("the wave was not learned: %v", run["verdict"])
	}
	if other := stockJSON(t, append(tiny, "--column", "FTSE")...); other["target"] != "FTSE" {
		t.Errorf("forecast %v", other["target"])
	}
}

// What reading the file detected and changed is told.
func TestStockNotes(t *testing.T) {
	t.Chdir(t.TempDir())
	text := "date,close\n"
	for year := range 40 {
		text += fmt.Sprintf("31.12.%d,%d\n", 2040-year, 3+year%7)
	}
	write(t, "prices.csv", text)
	run := runDemo(t, append([]string{"stock", "--csv", "prices.csv"}, tiny...)...)
	if run.status != statusOK || !strings.HasPrefix(run.stderr, "prices.csv: ") || !strings.Contains(run.stderr, "dd.mm.yyyy, newest first: reversed, year ends\n") {
		t.Errorf("status %d: %s", run.status, run.stderr)
	}
	write(t, "prices.csv", strings.Replace(wave(200), "\n", "\nd,\n", 1))
	run = runDemo(t, append([]string{"stock", "--csv", "prices.csv", "--missing", "drop", "--transform", "diff"}, tiny...)...)
	if run.status != statusOK || !strings.Contains(run.stderr, "1 row with missing numbers: dropped") {
		t.Errorf("status %d: %s", run.status, run.stderr)
	}
}

func TestStockSeed(t *testing.T) {
	t.Chdir(t.TempDir())
	results := func(seed string) map[string]any {
		r := stockJSON(t, append(tiny, "--seed", seed)...)
		for _, part := range []map[string]any{r, r["sunspots"].(map[string]any)} {
			delete(part, "train_seconds")
		}
		return r
	}
	first, other := results("1"), results("2")
	if again := results("1"); !reflect.DeepEqual(first, again) {
		t.Errorf("one seed, two results:\n%v\n%v", first, again)
	}
	if first["weights_sha256"] == other["weights_sha256"] || first["rmse"] == other["rmse"] {
		t.Error("another seed gives the same weights")
	}
}

func TestStockSave(t *testing.T) {
	t.Chdir(t.TempDir())
	results := stockJSON(t, append(tiny, "--save", "dax.safetensors")...)
	model, err := models.Load("dax.safetensors", models.LoadConfig{})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := model.WeightsSHA256()
	if err != nil || hash != results["weights_sha256"] || results["saved"] != "dax.safetensors" {
		t.Errorf("hash %s, %v, results %v", hash, err, results)
	}
	data, err := datasets.Windows(datasets.EUStocks(), datasets.WindowConfig{
		Columns: []string{"DAX"}, Steps: 3, Transform: datasets.LogReturn{}, Test: 0.2,
	})
	if err != nil {
		t.Fatal(err)
	}
	yhat, err := model.Predict(t.Context(), data.Test.X()...)
	if err != nil {
		t.Fatal(err)
	}
	if score, err := data.Score(yhat); err != nil || score.RMSE != results["rmse"] {
		t.Errorf("the saved model has an RMSE of %v, %v; want %v", score.RMSE, err, results["rmse"])
	}
	if yhat, err = model.Predict(t.Context(), data.Newest()...); err != nil {
		t.Fatal(err)
	}
	if next, err := data.Next(yhat); err != nil || next[0] != results["next"] {
		t.Errorf("the saved model forecasts %v, %v; want %v", next, err, results["next"])
	}
}

// canceller cancels a context at the n-th write.
type canceller struct {
	bytes.Buffer
	n      int
	cancel context.CancelFunc
}

func (c *canceller) Write(p []byte) (int, error) {
	if c.n--; c.n == 0 {
		c.cancel()
	}
	return c.Buffer.Write(p)
}

func TestStockInterrupted(t *testing.T) {
	for _, c := range []struct {
		name   string
		writes int // writes of the progress bar before the interrupt
		want   string
		files  []string
	}{
		{"at once", 0, "DAX: sequential: stopped in epoch 1 before batch 1", nil},
		{"in the first training", 2, "DAX: sequential: stopped in epoch 2 before batch 1", nil},
		{"in the second training", 6, "sunspots: sequential: stopped in epoch 2 before batch 1", []string{"model"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stderr := &canceller{n: c.writes, cancel: cancel}
			if c.writes == 0 {
				cancel()
			}
			var stdout bytes.Buffer
			status := start(ctx, []string{"stock", "--units", "2", "--steps", "3", "--epochs", "3", "--save", "model", "--json"}, &stdout, stderr)
			if status != statusInterrupted || !strings.Contains(stderr.String(), "stock: interrupted before the end: "+c.want) {
				t.Errorf("status %d: %s", status, stderr)
			}
			if stdout.Len() > 0 || !slices.Equal(files(t), c.files) {
				t.Errorf("standard output %q, files %q", stdout.String(), files(t))
			}
		})
	}
}

// A run that is interrupted at any moment says how to continue it, and that ends with
// what one that was not interrupted prints.
func TestStockCheckpoint(t *testing.T) {
	t.Chdir(t.TempDir())
	timeless := func(r map[string]any) map[string]any {
		for _, part := range []map[string]any{r, r["sunspots"].(map[string]any)} {
			delete(part, "train_seconds")
		}
		return r
	}
	flags := []string{"--units", "2", "--steps", "3", "--epochs", "3", "--report", "it's here"}
	want := timeless(stockJSON(t, flags...))
	args := append([]string{"stock", "--json", "--checkpoint", "kept"}, flags...)
	lines := []string{ // what each run says, with the command at its end
		"checkpoint: kept/prices is empty: a new run starts\n",
		"checkpoint: resumes from the end of epoch 1, in kept/prices/checkpoint-00000001.safetensors\n",
		"checkpoint: the run is finished; its results are from the end of epoch 3, in kept/prices/checkpoint-0000000",
		"checkpoint: the run is finished; its results are from the end of epoch 3, in kept/prices/checkpoint-0000000",
	}
	for i, writes := range []int{3, 4, 5, 0} { // to standard error before the interrupt
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		stderr := &canceller{n: writes, cancel: cancel}
		var stdout bytes.Buffer
		status := start(ctx, args, &stdout, stderr)
		if text := stderr.String(); !strings.HasPrefix(text, "Training 1 of 2: LSTM(2) on the DAX\n"+lines[i]) {
			t.Errorf("run %d: %s, want %s", i, text, lines[i])
		}
		if writes > 0 {
			const command = "To continue: go run ./cmd/demo stock --json --checkpoint kept --units 2 --steps 3 --epochs 3 --report 'it'\\''s here'\n"
			if text := stderr.String(); status != statusInterrupted || !strings.HasSuffix(text, command) || !strings.Contains(text, ": interrupted ") {
				t.Errorf("run %d: status %d: %s", i, status, text)
			}
			continue
		}
		var got map[string]any
		if err := json.Unmarshal(stdout.Bytes(), &got); err != nil || status != statusOK {
			t.Fatalf("status %d, %v: %s", status, err, stderr)
		}
		if diff := cmp.Diff(want, timeless(got)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	// Other flags are refused, with a list.
	run := runDemo(t, "stock", "--checkpoint", "kept", "--units", "3", "--steps", "3", "--epochs", "3")
	if run.status != statusFailure || !strings.Contains(run.stderr, "config.units is 2 in the state and 3 now") {
		t.Errorf("status %d: %s", run.status, run.stderr)
	}
	run = runDemo(t, "stock", "--checkpoint", "kept", "--units", "2", "--steps", "3", "--epochs", "2")
	if run.status != statusUsage || !strings.Contains(run.stderr, "--epochs must be at least 3,") {
		t.Errorf("status %d: %s", run.status, run.stderr)
	}
}

// Files that cannot be written are reported before the training.
func TestStockUnwritableFiles(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write anywhere")
	}
	t.Chdir(t.TempDir())
	if err := os.Mkdir("closed", 0o500); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--report", "closed"}, {"--save", filepath.Join("closed", "model")}} {
		run := runDemo(t, append([]string{"stock"}, args...)...)
		if run.status != statusFailure || run.stdout != "" || !strings.Contains(run.stderr, args[0]+": closed must be a folder that can be written to") {
			t.Errorf("%q: got %+v", args, run)
		}
	}
}

func TestResultIsJSON(t *testing.T) {
	var r stockResult
	r.Score.Skill = 0.5
	out, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(out), `"skill":0.5`) || strings.Contains(string(out), "saved") {
		t.Errorf("%s %v", out, err)
	}
}
