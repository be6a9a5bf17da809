package train

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// screen is a progress line on a clock that the test moves.
type screen struct {
	progress
	written strings.Builder
	time    time.Time
}

// newScreen is a terminal with that number of columns, or none if it is 0.
func newScreen(columns int) *screen {
	s := &screen{time: time.Unix(1e9, 0)}
	s.progress = progress{w: &s.written, now: func() time.Time { return s.time }}
	if columns > 0 {
		s.columns = func() int { return columns }
	}
	return s
}

func (s *screen) send(m Moment, batch, batches int, logs ...Log) {
	s.On(&Event{Moment: m, Epoch: 2, Epochs: 50, Batch: batch, Batches: batches, Logs: logs})
}

// taken is what was written since it was last called.
func (s *screen) taken() string {
	defer s.written.Reset()
	return s.written.String()
}

// batch tells of a batch that took so long.
func (s *screen) batch(d time.Duration, batch, batches int, loss float64) string {
	s.send(TrainBatchBegin, batch, batches)
	s.time = s.time.Add(d)
	s.send(TrainBatchEnd, batch, batches, Log{"loss", loss})
	return s.taken()
}

func want(t *testing.T, name, got, want string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestProgressOnATerminal(t *testing.T) {
	s := newScreen(80)
	s.send(TrainBegin, 0, 0)
	s.send(EpochBegin, 0, 0)
	want(t, "epoch begin", s.taken(), "Epoch 3/50\n")
	// The first batch compiles, so it does not count in the time a step.
	want(t, "first batch", s.batch(2*time.Second, 0, 10, 0.25), "\r 1/10 ━━────────────────── 18s 2s/step - loss: 0.2500")
	want(t, "too early", s.batch(20*time.Millisecond, 1, 10, 0.25), "")
	want(t, "still", s.batch(20*time.Millisecond, 2, 10, 0.25), "")
	want(t, "after 50 ms", s.batch(20*time.Millisecond, 3, 10, 0.125), "\r 4/10 ━━━━━━━━──────────── 0s 20ms/step - loss: 0.1250")
	for i := 4; i < 9; i++ {
		s.batch(20*time.Millisecond, i, 10, 0.1)
	}
	want(t, "last batch", s.batch(20*time.Millisecond, 9, 10, 0.1), "\r10/10 ━━━━━━━━━━━━━━━━━━━━ 0s 20ms/step - loss: 0.1000")
	for _, m := range []Moment{TestBegin, TestBatchBegin, TestBatchEnd, TestEnd} {
		s.send(m, 0, 1, Log{"loss", 1})
	}
	want(t, "validation", s.taken(), "")
	s.send(EpochEnd, 0, 0, Log{"loss", 0.1}, Log{"val_loss", 1e-4})
	want(t, "epoch end", s.taken(), "\r10/10 ━━━━━━━━━━━━━━━━━━━━ 2s 20ms/step - loss: 0.1000 - val_loss: 1.0000e-04\n")
	s.send(TrainEnd, 0, 0)
	s.close()
	want(t, "train end", s.taken(), "")
}

func TestProgressElsewhere(t *testing.T) {
	s := newScreen(0)
	s.send(EpochBegin, 0, 0)
	for i := range 10 {
		s.batch(100*time.Millisecond, i, 10, 0.5)
	}
	want(t, "during the epoch", s.taken(), "")
	s.send(EpochEnd, 0, 0, Log{"loss", 0.5}, Log{"rmse", 12.34567}, Log{"val_loss", 0.75})
	want(t, "epoch end", s.taken(), "Epoch 3/50 - 10/10 - 1s - 100ms/step - loss: 0.5000 - rmse: 12.3457 - val_loss: 0.7500\n")
	s.close()
	want(t, "close", s.taken(), "")
}

func TestProgressIsCutToTheTerminal(t *testing.T) {
	for _, columns := range []int{1, 2, 10, 40, 51, 52, 53, 80} {
		s := newScreen(columns)
		s.send(EpochBegin, 0, 0)
		s.taken()
		full := []rune("\r1/4 ━━━━━─────────────── 3s 1s/step - loss: 0.2500")
		want(t, "cut", s.batch(time.Second, 0, 4, 0.25), string(full[:min(len(full), columns)]))
		s.send(EpochEnd, 0, 0, Log{"loss", 0.25}, Log{"val_loss", 0.5})
		want(t, "last line", s.taken(), "\r1/4 ━━━━━─────────────── 1s 1s/step - loss: 0.2500 - val_loss: 0.5000\n")
	}
}

// A line that gets shorter leaves nothing behind.
func TestProgressErasesTheOldLine(t *testing.T) {
	s := newScreen(80)
	s.send(EpochBegin, 0, 0)
	s.taken()
	long := s.batch(time.Second, 0, 2, 12345.5)
	short := s.batch(time.Second, 1, 2, 1)
	if utf8.RuneCountInString(long) != utf8.RuneCountInString(short) || !strings.HasSuffix(short, "loss: 1.0000    ") {
		t.Errorf("%q after %q", short, long)
	}
}

func TestProgressOfAnEpochStoppedEarly(t *testing.T) {
	for columns, lines := range map[int]string{
		80: "\r2/9 ━━━━──────────────── 2s 1s/step - loss: 0.5000\n",
		0:  "Epoch 3/50 - 2/9 - 2s - 1s/step - loss: 0.5000\n",
	} {
		s := newScreen(columns)
		s.send(EpochBegin, 0, 0)
		s.batch(time.Second, 0, 9, 0.5)
		s.batch(time.Second, 1, 9, 0.5)
		s.send(EpochEnd, 0, 0, Log{"loss", 0.5})
		want(t, "stopped after 2 of 9", s.taken(), lines)
		// Nothing done at all, and not a trace of the epoch before.
		s.send(EpochBegin, 0, 0)
		s.send(EpochEnd, 0, 0)
		if got := s.taken(); !strings.Contains(got, "0/0") {
			t.Errorf("%d columns, no batch: %q", columns, got)
		}
	}
}

// Where the end of an epoch is not known, the line has the time since its beginning.
func TestProgressOfAStream(t *testing.T) {
	s := newScreen(80)
	s.send(EpochBegin, 0, 0)
	s.taken()
	want(t, "first batch", s.batch(time.Second, 0, 0, 0.5), "\r1/unknown ──────────────────── 1s 1s/step - loss: 0.5000")
	want(t, "second batch", s.batch(time.Second, 1, 0, 0.5), "\r2/unknown ──────────────────── 2s 1s/step - loss: 0.5000")
	s.send(EpochEnd, 0, 0, Log{"loss", 0.5})
	want(t, "end", s.taken(), "\r2/2 ━━━━━━━━━━━━━━━━━━━━ 2s 1s/step - loss: 0.5000      \n")
}

// A training that ends in the middle of a line ends the line.
// The time of a batch counts those since an epoch was resumed.
func TestProgressOfAResumedEpoch(t *testing.T) {
	s := newScreen(80)
	s.send(EpochBegin, 4, 10)
	s.taken()
	want(t, "first batch", s.batch(2*time.Second, 4, 10, 0.25), "\r 5/10 ━━━━━━━━━━────────── 10s 2s/step - loss: 0.2500")
	want(t, "second batch", s.batch(100*time.Millisecond, 5, 10, 0.25), "\r 6/10 ━━━━━━━━━━━━──────── 0s 100ms/step - loss: 0.2500")

	s = newScreen(0) // where all batches were done
	s.send(EpochBegin, 10, 10)
	s.send(EpochEnd, 0, 0, Log{"loss", 0.25})
	want(t, "no batch", s.taken(), "Epoch 3/50 - 10/10 - 0s - 0s/step - loss: 0.2500\n")
}

func TestProgressClose(t *testing.T) {
	s := newScreen(80)
	s.send(EpochBegin, 0, 0)
	s.batch(time.Second, 0, 9, 0.5)
	s.close()
	want(t, "close", s.taken(), "\n")
	s.close()
	want(t, "close again", s.taken(), "")
}

func TestProgressKnowsATerminal(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if newProgress(f).columns != nil || newProgress(&strings.Builder{}).columns != nil {
		t.Error("a file or a builder was taken for a terminal")
	}
}

func TestClock(t *testing.T) {
	for d, w := range map[time.Duration]string{
		0: "0s", 59 * time.Second: "59s", time.Minute: "1:00", 65 * time.Second: "1:05",
		time.Hour: "1:00:00", 25*time.Hour + 61*time.Second: "25:01:01",
	} {
		want(t, d.String(), clock(d), w)
	}
}

func TestStepTime(t *testing.T) {
	for d, w := range map[time.Duration]string{
		0: "0s/step", 640 * time.Microsecond: "640us/step", 13600 * time.Microsecond: "14ms/step",
		1500 * time.Millisecond: "2s/step", 90 * time.Second: "90s/step",
	} {
		s := newScreen(0)
		s.send(EpochBegin, 0, 0)
		s.batch(d, 0, 1, 1)
		want(t, d.String(), s.step(), w)
	}
}

func TestFigures(t *testing.T) {
	for v, w := range map[float64]string{
		1: "1.0000", -2.34567: "-2.3457", 1e-3: "1.0000e-03", 0.00101: "0.0010", -1e-5: "-1.0000e-05",
		0: "0.0000e+00", math.Inf(1): "+Inf", 1e10: "10000000000.0000",
	} {
		want(t, w, figures(Logs{{"x", v}}), " - x: "+w)
	}
}
