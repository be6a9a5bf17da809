package train

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

const (
	barWidth    = 20
	redrawAfter = 50 * time.Millisecond
)

// progress writes Keras' progress line: redrawn in place on a terminal, and
// one plain line an epoch elsewhere. What cannot be written is not worth
// stopping a training for, so errors of the writer are ignored.
type progress struct {
	w       io.Writer
	columns int // of the terminal; 0 where there is none

	begun, drawn time.Time
	batches      int
	width        int // of the line that is on the terminal
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.columns = 80
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			p.columns = columns
		}
	}
	return p
}

// On writes what has changed.
func (p *progress) On(e *Event) error {
	switch e.Moment {
	case EpochBegin:
		p.begun, p.drawn, p.width = time.Now(), time.Time{}, 0
		if p.columns > 0 {
			fmt.Fprintf(p.w, "Epoch %d/%d\n", e.Epoch+1, e.Epochs)
		}
	case TrainBatchEnd:
		p.batches = e.Batches
		if p.columns > 0 && time.Since(p.drawn) >= redrawAfter {
			p.draw(p.line(e.Batch+1, e.Logs))
		}
	case EpochEnd:
		if p.columns > 0 {
			p.draw(p.line(p.batches, e.Logs))
			fmt.Fprintln(p.w)
			return nil
		}
		fmt.Fprintf(p.w, "Epoch %d/%d - %d/%d - %s%s\n", e.Epoch+1, e.Epochs, p.batches, p.batches,
			p.times(p.batches), figures(e.Logs))
	}
	return nil
}

// draw replaces the line on the terminal. A line that is too long would wrap
// and could not be replaced, so it is cut.
func (p *progress) draw(line string) {
	r := []rune(line)
	if len(r) >= p.columns {
		r = r[:p.columns-1]
	}
	fmt.Fprintf(p.w, "\r%s%s", string(r), strings.Repeat(" ", max(0, p.width-len(r))))
	p.width, p.drawn = len(r), time.Now()
}

// line is the progress after so many batches.
func (p *progress) line(done int, logs Logs) string {
	full := barWidth * done / p.batches
	bar := strings.Repeat("━", full) + strings.Repeat("─", barWidth-full)
	width := len(fmt.Sprint(p.batches))
	return fmt.Sprintf("%*d/%d %s %s%s", width, done, p.batches, bar, p.times(done), figures(logs))
}

// times is the time that is left, or that it took in the end, and the time a
// step.
func (p *progress) times(done int) string {
	took := time.Since(p.begun)
	step := took / time.Duration(max(done, 1))
	shown := took
	if done < p.batches {
		shown = step * time.Duration(p.batches-done)
	}
	return fmt.Sprintf("%s %s/step", clock(shown), brief(step))
}

// clock writes 7s, 1:05 or 2:00:00.
func clock(d time.Duration) string {
	s := int(d.Seconds())
	switch {
	case s >= 3600:
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	case s >= 60:
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%ds", s)
}

// brief writes a duration in the unit that suits it: 2s, 13ms, 640us.
func brief(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%ds", int(d.Seconds()+0.5))
	case d >= time.Millisecond:
		return fmt.Sprintf("%dms", d.Milliseconds())
	}
	return fmt.Sprintf("%dus", d.Microseconds())
}

// figures writes the logs with 4 decimals, small ones as powers of ten.
func figures(logs Logs) string {
	var b strings.Builder
	for _, l := range logs {
		format := " - %s: %.4f"
		if l.Value > -1e-3 && l.Value < 1e-3 && l.Value != 0 {
			format = " - %s: %.4e"
		}
		fmt.Fprintf(&b, format, l.Name, l.Value)
	}
	return b.String()
}
