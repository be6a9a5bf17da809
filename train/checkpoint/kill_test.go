package checkpoint_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/checkpoint"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// childVariable tells the test binary to be a child: the name of the training and the
// folder.
const childVariable = "ENGRAM_CHECKPOINT_CHILD"

func TestMain(m *testing.M) {
	if name, path, ok := strings.Cut(os.Getenv(childVariable), ":"); ok {
		if err := child(name, path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	// Files in memory save waiting for the disk, which is most of the time of the tests.
	const inMemory = "/dev/shm"
	if _, err := os.Stat(inMemory); err == nil {
		os.Setenv("TMPDIR", inMemory)
	}
	os.Exit(m.Run())
}

// child runs a training with a checkpoint after every other batch. It writes a line after
// each batch, and its outcome last.
func child(name, path string) error {
	r, err := trainings[name]()
	if err != nil {
		return err
	}
	run, err := checkpoint.Open(path, checkpoint.Config{EveryBatches: 2, EveryEpochs: 1, Log: os.Stderr})
	if err != nil {
		return err
	}
	defer run.Close()
	r.cfg.Callbacks = append(r.cfg.Callbacks, &heavy{}, train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.TrainBatchEnd {
			fmt.Println("batch")
		}
		return nil
	}))
	h, err := r.fitIn(context.Background(), run)
	if err != nil {
		return err
	}
	out, err := r.outcome(h)
	if err != nil {
		return err
	}
	return write(os.Stdout, out)
}

// heavy is a callback with a large state, so that saving takes a while.
type heavy struct{ kept *tensor.Dense }

func (h *heavy) On(e *train.Event) error {
	if e.Moment == train.TrainBegin {
		h.kept = tensor.New(tensor.WithBacking(make([]float64, 1<<18)))
	}
	h.kept.Float64s()[1]++
	return nil
}

func (h *heavy) State() train.CallbackState {
	return train.CallbackState{Tensors: map[string]*tensor.Dense{"kept": h.kept.Clone().(*tensor.Dense)}}
}

func (h *heavy) Restore(s train.CallbackState) error {
	h.kept = s.Tensors["kept"].Clone().(*tensor.Dense)
	return nil
}

// killed runs a child and kills it some time after some batches, and then, if saving is
// true, while it saves. If batches is −1, it is killed while it starts. A child that ends
// before returns its outcome.
func killed(t *testing.T, name, path string, batches int, delay time.Duration, saving bool) *outcome {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+name+":"+path)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	if batches < 0 {
		time.Sleep(20 * delay)
		check(t, cmd.Process.Kill())
	}
	lines := bufio.NewScanner(stdout)
	var end *outcome
	for n := 0; lines.Scan(); n++ {
		if line := lines.Bytes(); line[0] == '{' {
			end = &outcome{}
			check(t, json.Unmarshal(line, end))
		}
		if n == batches && end == nil {
			time.Sleep(delay)
			for deadline := time.Now().Add(time.Second); saving && !unfinished(t, path) && time.Now().Before(deadline); {
			}
			check(t, cmd.Process.Kill())
		}
	}
	err = cmd.Wait()
	if end == nil && (err == nil || !strings.Contains(err.Error(), "killed")) {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	return end
}

// unfinished reports whether a file is being written.
func unfinished(t *testing.T, path string) bool {
	t.Helper()
	entries, err := os.ReadDir(path)
	check(t, err)
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".tmp") {
			return true
		}
	}
	return false
}

// A run that is killed again and again ends with the bits of one that never was.
func testKilled(t *testing.T, kills int) {
	for name := range trainings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := uninterrupted(t, name)
			random := rand.New(rand.NewPCG(1, 2))
			inSaves := 0
			for done := 0; done < kills; {
				path := t.TempDir()
				var end *outcome
				for end == nil {
					if end = killed(t, name, path, random.IntN(14)-1, time.Duration(random.IntN(3000))*time.Microsecond, random.IntN(2) == 0); end == nil {
						done++
					}
					if unfinished(t, path) {
						inSaves++
					}
				}
				if diff := cmp.Diff(&want, end); diff != "" {
					t.Fatalf("after %d kills (-want +got):\n%s", done, diff)
				}
			}
			t.Logf("%d kills were in the middle of a file", inSaves)
		})
	}
}

func TestKilled(t *testing.T) { testKilled(t, 2) }
