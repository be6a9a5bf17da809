package callbacks_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/models/ensemble"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/schedules"
	"gorgonia.org/tensor"
)

// line is a trainer for y = 2x + 1, and data for it.
func line(cfg train.Config) (*models.Sequential, *train.Trainer, *datasets.Samples, error) {
	data, err := datasets.FromSlices([][]float64{{1}, {2}, {3}}, [][]float64{{3}, {5}, {7}}, tensor.Float32)
	if err != nil {
		return nil, nil, nil, err
	}
	model := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{Units: 1})
	cfg.Loss = losses.MSE{}
	if cfg.Optimizer == nil {
		cfg.Optimizer = optimizers.SGD{LearningRate: 0.1}
	}
	trainer, err := train.Compile(model, cfg)
	return model, trainer, data, err
}

// folder is a new folder for the files of an example.
func folder() (path string, remove func(), err error) {
	path, err = os.MkdirTemp("", "callbacks")
	return path, func() { os.RemoveAll(path) }, err
}

// A fit that has nothing more to learn ends long before its 1000 epochs.
func ExampleEarlyStopping() {
	_, trainer, data, err := line(train.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	stop := &callbacks.EarlyStopping{Monitor: "loss", MinDelta: 1e-4, Patience: 5, RestoreBestWeights: true}
	history, err := trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 1000, Callbacks: []train.Callback{stop}})
	if err != nil {
		fmt.Println(err)
		return
	}
	last, stopped := stop.StoppedEpoch()
	_, best, _ := stop.Best()
	fmt.Println("stopped:", stopped, "within 200 epochs:", len(history.Epochs) < 200)
	fmt.Println("epochs since the best:", last-best)
	// Output:
	// stopped: true within 200 epochs: true
	// epochs since the best: 5
}

// One training gives five models, at the ends of five cycles of the learning rate, and
// these give one model.
func ExampleSnapshots() {
	const epochs, batches = 10, 1 // of a cycle, and of an epoch
	_, trainer, data, err := line(train.Config{Optimizer: optimizers.SGD{Schedule: schedules.CosineDecayRestarts{
		InitialLearningRate: 0.1, FirstDecaySteps: epochs * batches, TMul: 1,
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	snapshots := &callbacks.Snapshots{Epochs: epochs}
	_, err = trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 5 * epochs, Callbacks: []train.Callback{snapshots}})
	if err != nil {
		fmt.Println(err)
		return
	}
	members, err := snapshots.Models()
	if err != nil {
		fmt.Println(err)
		return
	}
	last, err := ensemble.Mean(models.Config{}, members[2:]...) // the first ones are not trained enough
	if err != nil {
		fmt.Println(err)
		return
	}
	y, err := last.Predict(context.Background(), tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{2})))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d snapshots, 2·2 + 1 = %.1f\n", len(members), y.Float32s()[0])
	// Output: 5 snapshots, 2·2 + 1 = 5.0
}

// The model with the lowest loss of the validation data is in a file.
func ExampleModelCheckpoint() {
	_, trainer, data, err := line(train.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, remove, err := folder()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	best := filepath.Join(dir, "best.safetensors")
	save := &callbacks.ModelCheckpoint{FilePath: best, SaveBestOnly: true}
	if _, err := trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 20, Validation: data, Callbacks: []train.Callback{save}}); err != nil {
		fmt.Println(err)
		return
	}
	loaded, err := models.Load(best, models.LoadConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	value, _ := save.Best()
	fmt.Println(loaded.Name(), value < 0.1)
	// Output:
	// sequential true
}

// Steps that are too large for the rest of the way become smaller.
func ExampleReduceLROnPlateau() {
	_, trainer, data, err := line(train.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 60, Validation: nil, Callbacks: []train.Callback{&callbacks.ReduceLROnPlateau{Monitor: "loss", Factor: 0.5, Patience: new(2), MinDelta: new(0.01), MinLR: 0.01}}}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(trainer.Optimizer().LearningRate())
	// Output:
	// 0.01
}

// The rate is kept for ten epochs, and then falls by a tenth with each.
func ExampleLearningRateScheduler() {
	_, trainer, data, err := line(train.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	schedule := func(epoch int, rate float64) float64 {
		if epoch < 10 {
			return rate
		}
		return rate * math.Exp(-0.1)
	}
	if _, err := trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 15, Validation: nil, Callbacks: []train.Callback{&callbacks.LearningRateScheduler{Schedule: schedule}}}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", trainer.Optimizer().LearningRate())
	// Output:
	// 0.0607
}

// A rate that is far too large ends the training without an error.
func ExampleTerminateOnNaN() {
	_, trainer, data, err := line(train.Config{Optimizer: optimizers.SGD{LearningRate: 100}})
	if err != nil {
		fmt.Println(err)
		return
	}
	terminate := &callbacks.TerminateOnNaN{}
	if _, err := trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 1000, Validation: nil, Callbacks: []train.Callback{terminate}}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(terminate.Err() != nil)
	// Output:
	// true
}

// The file has a row for each epoch.
func ExampleCSVLogger() {
	_, trainer, data, err := line(train.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, remove, err := folder()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	path := filepath.Join(dir, "log.csv")
	if _, err := trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 2, Validation: data, Callbacks: []train.Callback{&callbacks.CSVLogger{Filename: path}}}); err != nil {
		fmt.Println(err)
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	rows := strings.Split(string(text), "\n")
	fmt.Println(rows[0])
	fmt.Println(len(rows[1:]) - 1)
	// Output:
	// epoch,loss,val_loss
	// 2
}

// The file has a line for each epoch.
func ExampleJSONLogger() {
	_, trainer, data, err := line(train.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, remove, err := folder()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	path := filepath.Join(dir, "log.jsonl")
	if _, err := trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 2, Validation: nil, Callbacks: []train.Callback{&callbacks.JSONLogger{Filename: path}}}); err != nil {
		fmt.Println(err)
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Count(string(text), "\n"), strings.HasPrefix(string(text), `{"epoch":0,"loss":`))
	// Output:
	// 2 true
}

// Records go to the logger of the program.
func ExampleSlog() {
	_, trainer, data, err := line(train.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	quiet := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration" || a.Key == "loss" { // which differ
			return slog.Attr{}
		}
		return a
	}}
	logger := slog.New(slog.NewTextHandler(os.Stdout, quiet))
	if _, err := trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 1, Validation: nil, Callbacks: []train.Callback{&callbacks.Slog{Logger: logger}}}); err != nil {
		fmt.Println(err)
		return
	}
	// Output:
	// level=INFO msg="training begins" model=sequential epochs=1
	// level=INFO msg=epoch model=sequential epoch=1 epochs=1
	// level=INFO msg="training ends" model=sequential epochs=1
}

// The file has the moving averages of the weights, since the callback that saves is behind the one that swaps.
func ExampleSwapEMAWeights() {
	model, trainer, data, err := line(train.Config{EMA: &optimizers.EMA{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, remove, err := folder()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	path := filepath.Join(dir, "averages.safetensors")
	if _, err := trainer.Fit(context.Background(), data, train.FitConfig{Epochs: 5, Validation: data, Callbacks: []train.Callback{
		&callbacks.SwapEMAWeights{SwapOnEpoch: true},
		&callbacks.ModelCheckpoint{FilePath: path},
	}}); err != nil {
		fmt.Println(err)
		return
	}
	averages, err := model.WeightsSHA256() // with which Fit has ended
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := model.LoadWeights(path); err != nil {
		fmt.Println(err)
		return
	}
	saved, err := model.WeightsSHA256()
	fmt.Println(saved == averages, err)
	// Output:
	// true <nil>
}
