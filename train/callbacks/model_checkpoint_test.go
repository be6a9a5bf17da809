package callbacks_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"github.com/engram-go/engram/train/losses"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var _ = describe(specimen{
	Good:     &callbacks.ModelCheckpoint{FilePath: "model.safetensors", SaveBestOnly: true, Monitor: "score"},
	Required: "FilePath",
	Bad: map[string]train.Callback{
		"Mode":     &callbacks.ModelCheckpoint{FilePath: "m", Monitor: "score", Mode: "up"},
		"Monitor":  &callbacks.ModelCheckpoint{FilePath: "m", Monitor: "mae", SaveBestOnly: true},
		"FilePath": &callbacks.ModelCheckpoint{FilePath: "{mae}"},
	},
	Result: func(cb train.Callback, s stage) string {
		value, ok := cb.(*callbacks.ModelCheckpoint).Best()
		return fmt.Sprint(value, ok, takeFiles(s))
	},
	Draw: func(t *rapid.T) train.Callback {
		c := &callbacks.ModelCheckpoint{
			FilePath:        "{epoch:02d}.safetensors",
			Monitor:         "score",
			SaveBestOnly:    rapid.Bool().Draw(t, "best only"),
			SaveWeightsOnly: rapid.Bool().Draw(t, "weights only"),
			Mode:            rapid.SampledFrom([]callbacks.Mode{callbacks.Auto, callbacks.Min, callbacks.Max}).Draw(t, "mode"),
			SaveFreq:        rapid.IntRange(0, 3).Draw(t, "freq"),
		}
		if rapid.Bool().Draw(t, "with threshold") {
			c.InitialValueThreshold = new(1.0)
		}
		return c
	},
})

// takeFiles lists the models in the current folder with a hash of their weights, and
// removes them.
func takeFiles(s stage) []string {
	files, err := filepath.Glob("*.safetensors")
	if err != nil {
		return []string{err.Error()}
	}
	weights := s.trainer.Params().Copy()
	var out []string
	for _, file := range files {
		text := file
		if err := s.model.LoadWeights(file); err != nil {
			text += err.Error()
		}
		sum, err := s.model.WeightsSHA256()
		if err != nil {
			text += err.Error()
		}
		out = append(out, text+" "+sum)
		if err := os.Remove(file); err != nil {
			out = append(out, err.Error())
		}
	}
	if err := s.trainer.Params().Set(weights); err != nil {
		out = append(out, err.Error())
	}
	return out
}

// Files derived by hand from the rules of Keras, for epochs of two batches.
func TestModelCheckpointByHand(t *testing.T) {
	for name, c := range map[string]struct {
		figures []float64
		cb      callbacks.ModelCheckpoint
		want    []string
	}{
		"every epoch":     {[]float64{3, 2, 4}, callbacks.ModelCheckpoint{FilePath: "{epoch}"}, []string{"1", "2", "3"}},
		"width":           {[]float64{3, 2, 4}, callbacks.ModelCheckpoint{FilePath: "m{epoch:03d}-{score:.2f}.x"}, []string{"m001-3.00.x", "m002-2.00.x", "m003-4.00.x"}},
		"best":            {[]float64{3, 2, 4, 2, 1}, callbacks.ModelCheckpoint{FilePath: "{epoch}", SaveBestOnly: true}, []string{"1", "2", "5"}},
		"best is high":    {[]float64{3, 2, 4, 4}, callbacks.ModelCheckpoint{FilePath: "{epoch}", SaveBestOnly: true, Mode: callbacks.Max}, []string{"1", "3"}},
		"threshold":       {[]float64{3, 2, 1}, callbacks.ModelCheckpoint{FilePath: "{epoch}", SaveBestOnly: true, InitialValueThreshold: new(2.0)}, []string{"3"}},
		"every batch":     {[]float64{3, 2}, callbacks.ModelCheckpoint{FilePath: "{epoch}-{batch}", SaveFreq: 1}, []string{"1-1", "1-2", "2-1", "2-2"}},
		"every 3":         {[]float64{3, 2, 3}, callbacks.ModelCheckpoint{FilePath: "{epoch}-{batch}", SaveFreq: 3}, []string{"2-1", "3-2"}},
		"folders, braces": {[]float64{3}, callbacks.ModelCheckpoint{FilePath: "{{{epoch}}}/{epoch:.1f}"}, []string{"{1}/1.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := newStage(t, write("score", c.figures...))
			c.cb.Monitor, c.cb.FilePath = "score", filepath.Join(dir, "runs", "a")+"/"+c.cb.FilePath
			_, err := s.trainer.Fit(t.Context(), s.data, train.FitConfig{Epochs: len(c.figures), BatchSize: 1, Callbacks: []train.Callback{&c.cb}})
			check(t, err)
			var got []string
			check(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					rel, _ := filepath.Rel(filepath.Join(dir, "runs", "a"), path)
					got = append(got, filepath.ToSlash(rel))
				}
				return err
			}))
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A saved model predicts what the model did.
func TestModelCheckpointLoads(t *testing.T) {
	t.Chdir(t.TempDir())
	s := newStage(t, write("score", 3, 1, 2))
	_, err := s.fit(3, &callbacks.ModelCheckpoint{FilePath: "all-{epoch}"},
		&callbacks.ModelCheckpoint{FilePath: "best", Monitor: "score", SaveBestOnly: true},
		&callbacks.ModelCheckpoint{FilePath: "weights", SaveWeightsOnly: true})
	check(t, err)
	hash := func(path string) string {
		m, err := models.Load(path, models.LoadConfig{})
		check(t, err)
		h, err := m.WeightsSHA256()
		check(t, err)
		return h
	}
	if hash("all-3") != s.hash(t) || hash("all-2") != hash("best") || hash("all-1") == hash("best") {
		t.Error("files do not have the weights of their epochs")
	}
	fresh := newStage(t, write("score", 0))
	check(t, fresh.model.LoadWeights("weights"))
	if fresh.hash(t) != s.hash(t) {
		t.Error("the file of weights has others")
	}
}

// custom is a layer that no file can have without models.Config.Custom.
type custom struct{}

func (custom) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value { return inputs }

// What cannot be saved is an error before training, unless only weights are saved.
func TestModelCheckpointChecksTheModel(t *testing.T) {
	t.Chdir(t.TempDir())
	m := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{1}}, custom{}, layers.Dense{Units: 1})
	trainer, err := train.Compile(m, train.Config{Loss: losses.MSE{}})
	check(t, err)
	data, err := datasets.FromSlices([][]float64{{1}, {2}}, [][]float64{{3}, {5}}, tensor.Float32)
	check(t, err)
	fit := func(cb *callbacks.ModelCheckpoint) error {
		_, err := trainer.Fit(t.Context(), data, train.FitConfig{Callbacks: []train.Callback{cb}})
		return err
	}
	if err := fit(&callbacks.ModelCheckpoint{FilePath: "m"}); err == nil || !strings.Contains(err.Error(), "Custom") || trainer.Optimizer().Iterations() > 0 {
		t.Errorf("got %v after %d steps", err, trainer.Optimizer().Iterations())
	}
	check(t, fit(&callbacks.ModelCheckpoint{FilePath: "m", SaveWeightsOnly: true}))
}

func TestModelCheckpointRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	check(t, os.WriteFile("file", nil, 0o666))
	check(t, os.Mkdir("folder", 0o777))
	for path, freq := range map[string]int{
		"{": 0, "}": 0, "{epoch": 0, "epoch}": 0, "{epoch:x}": 0, "{epoch:100d}": 0, "{epoch:.3d}": 0, "{epoch:%s}": 0,
		"{loss:2d}": 0, "{batch}": 0, "{val_loss}": 1, "{loss }": 0, "{}": 0,
		"{epoch}/../../x": 0, "{epoch}/..": 0, "a/{epoch}/../../../b": 0,
		"file/{epoch}": 0, "a/": 0, "..": 0, "x-{val_loss}": 0,
	} {
		s := newStage(t, write("score", 0, 0))
		_, err := s.fit(1, &callbacks.ModelCheckpoint{FilePath: path, SaveFreq: freq})
		errtest.Check(t, err, errs.Error{Field: "ModelCheckpoint.FilePath"})
	}
	s := newStage(t, write("score", 0))
	if _, err := s.fit(1, &callbacks.ModelCheckpoint{FilePath: "folder"}); err == nil {
		t.Error("a folder was written to")
	}
	_, err := s.fit(1, &callbacks.ModelCheckpoint{FilePath: "m", SaveBestOnly: true, SaveFreq: 1})
	errtest.Check(t, err, errs.Error{Field: "ModelCheckpoint.Monitor", Value: "val_loss"})
}

// Whatever the path and the numbers are, a file stays in the folder before the first
// placeholder.
func TestModelCheckpointStaysInItsFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	piece := rapid.SampledFrom([]string{"{epoch}", "{score}", "{score:8.3f}", "{score:g}", "{loss:.2e}", "..", ".", "/", "a", "{{", "}}", "%", "%s", "{", "-"})
	rapid.Check(t, func(r *rapid.T) {
		path := "root/a/b/c/x{epoch}" + strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(r, "path"), "")
		check(r, os.RemoveAll("root"))
		check(r, os.MkdirAll("root/a/b/c", 0o777))
		s := newStage(r, write("score", figure.Draw(r, "score")))
		_, err := s.fit(1, &callbacks.ModelCheckpoint{FilePath: path, SaveWeightsOnly: true})
		found := 0
		check(r, filepath.WalkDir(".", func(p string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				if found++; !strings.HasPrefix(filepath.ToSlash(p), "root/a/b/c/") {
					r.Errorf("%q wrote %q", path, p)
				}
			}
			return err
		}))
		if (err == nil) != (found == 1) {
			r.Errorf("%q: %d files, %v", path, found, err)
		}
	})
}
