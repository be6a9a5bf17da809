package train

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

const (
	barWidth    = 20
	redrawAfter = 50 * time.Millisecond
)

// progress writes Keras' progress line: redrawn in place on a terminal, and one
// plain line an epoch elsewhere. Errors of the writer are ignored, since they are
// no reason to stop a training.
type progress struct {
	w       io.Writer
	columns func() int // of the terminal; nil where there is none
	now     func() time.Time

	begun         time.Time // when the epoch began
	first         time.Time // when its first batch was done, which had to compile
	drawn         time.Time
	done, batches int
	before        int // batches that were done when the epoch was resumed
	width         int // of the unfinished line on the terminal
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, now: time.Now}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.columns = func() int {
			if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
				return columns
			}
			return 80
		}
	}
	return p
}

// On writes what has changed.
func (p *progress) On(e *Event) error {
	switch e.Moment {
	case EpochBegin:
		p.begun, p.drawn, p.before, p.done, p.batches = p.now(), time.Time{}, e.Batch, e.Batch, e.Batches
		if p.columns != nil {
			fmt.Fprintf(p.w, "Epoch %d/%d\n", e.Epoch+1, e.Epochs)
		}
	case TrainBatchEnd:
		if p.done == p.before {
			p.first = p.now()
		}
		p.done, p.batches = e.Batch+1, e.Batches
		if p.columns != nil && p.now().Sub(p.drawn) >= redrawAfter {
			p.draw(p.cut(p.bar() + " " + clock(p.left()) + " " + p.step() + figures(e.Logs)))
		}
	case EpochEnd:
		if p.batches == 0 {
			p.batches = p.done // which is known now
		}
		took := clock(p.now().Sub(p.begun).Round(time.Second))
		if p.columns == nil {
			fmt.Fprintf(p.w, "Epoch %d/%d - %s - %s - %s%s\n", e.Epoch+1, e.Epochs, p.count(), took, p.step(), figures(e.Logs))
			return nil
		}
		p.draw(p.bar() + " " + took + " " + p.step() + figures(e.Logs))
		p.close()
	}
	return nil
}

// draw replaces the line on the terminal.
func (p *progress) draw(line string) {
	n := utf8.RuneCountInString(line)
	fmt.Fprintf(p.w, "\r%s%s", line, strings.Repeat(" ", max(0, p.width-n)))
	p.width, p.drawn = n, p.now()
}

// cut shortens a line to the width of the terminal, since a wrapped line cannot be
// redrawn. The last line of an epoch may wrap.
func (p *progress) cut(line string) string {
	r := []rune(line)
	return string(r[:min(len(r), p.columns()-1)])
}

// close ends an unfinished line, so that other output begins on a new one.
func (p *progress) close() {
	if p.width > 0 {
		fmt.Fprintln(p.w)
		p.width = 0
	}
}

// count is how many batches are done: " 7/10".
func (p *progress) count() string {
	if p.batches == 0 && p.done > 0 {
		return fmt.Sprintf("%d/unknown", p.done)
	}
	return fmt.Sprintf("%*d/%d", len(fmt.Sprint(p.batches)), p.done, p.batches)
}

// bar is the count followed by the bar.
func (p *progress) bar() string {
	full := 0
	if p.batches > 0 {
		full = barWidth * p.done / p.batches
	}
	return p.count() + " " + strings.Repeat("━", full) + strings.Repeat("─", barWidth-full)
}

// perStep is the mean time of a batch, without the first unless it is the only one.
func (p *progress) perStep() time.Duration {
	if n := p.done - p.before; n > 1 {
		return p.now().Sub(p.first) / time.Duration(n-1)
	}
	return p.now().Sub(p.begun)
}

// left is the time that the epoch will still take; the time that it has taken, as in
// Keras, where its end is not known.
func (p *progress) left() time.Duration {
	if p.batches == 0 {
		return p.now().Sub(p.begun)
	}
	return p.perStep() * time.Duration(p.batches-p.done)
}

// step writes the time a batch takes in the unit that suits it: 2s/step,
// 13ms/step, 640us/step.
func (p *progress) step() string {
	switch d := p.perStep(); {
	case d >= time.Second || d == 0:
		return fmt.Sprintf("%.0fs/step", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.0fms/step", d.Seconds()*1e3)
	default:
		return fmt.Sprintf("%.0fus/step", d.Seconds()*1e6)
	}
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

// figures formats the logs with 4 decimals, small values as powers of ten.
func figures(logs Logs) string {
	var b strings.Builder
	for _, l := range logs {
		format := " - %s: %.4f"
		if math.Abs(l.Value) <= 1e-3 {
			format = " - %s: %.4e"
		}
		fmt.Fprintf(&b, format, l.Name, l.Value)
	}
	return b.String()
}
