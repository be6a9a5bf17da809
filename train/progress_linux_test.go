package train

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train/losses"
	"github.com/pkg/errors"
	"golang.org/x/sys/unix"
	"gorgonia.org/tensor"
)

// openTerminal opens a pair of pseudo-terminal ends with that number of columns.
func openTerminal(t *testing.T, columns uint16) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { screen.Close() })
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	}
	if err != nil {
		t.Skip(err)
	}
	return screen, tty
}

// Fit on a terminal that is 30 columns wide, broken off in the middle of a
// line: the line is cut, and ended.
func TestFitOnATerminal(t *testing.T) {
	screen, tty := openTerminal(t, 30)
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{Units: 1})
	trainer, err := Compile(m, Config{Loss: losses.MSE{}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := datasets.FromSlices([][]float64{{1}, {2}}, [][]float64{{3}, {5}}, tensor.Float32)
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	_, err = trainer.Fit(context.Background(), data, FitConfig{BatchSize: 1, Progress: tty, Callbacks: []Callback{
		CallbackFunc(func(e *Event) error {
			if e.Moment == TrainBatchEnd {
				return enough
			}
			return nil
		}),
	}})
	if !errors.Is(err, enough) {
		t.Fatal(err)
	}
	tty.Close()
	out, _ := io.ReadAll(screen)                                       // ends with an error, as the other end is closed
	want := regexp.MustCompile("^Epoch 1/1\n\r1/2 ━{10}─{10} .{4}\n$") // 29 columns
	if got := bytes.ReplaceAll(out, []byte("\r\n"), []byte("\n")); !want.Match(got) {
		t.Errorf("the terminal got %q, want %v", got, want)
	}
}
