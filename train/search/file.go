package search

import (
	"bufio"
	"bytes"
	"encoding/json"
	stderrors "errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"sync"
	"time"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/regular"
	"github.com/engram-go/engram/internal/strictjson"
)

// The file of a search has JSON lines: a header, then the trials in the order in which they
// ended. A line that was not written to its end, because the process was killed, is written
// again.

// fileFormat is the version of the format.
const fileFormat = 1

// header is what all trials of a file have in common, besides their values.
type header struct {
	Search   int      `json:"search"` // fileFormat
	Seed     uint64   `json:"seed"`
	Maximize bool     `json:"maximize,omitempty"`
	Halving  *Halving `json:"halving,omitempty"`
}

// record is a line for a trial.
type record struct {
	Trial   *int              `json:"trial"`
	Values  map[string]string `json:"values"` // as text, by which another search is found
	State   State             `json:"state"`
	Score   *float64          `json:"score,omitempty"`
	Epochs  int               `json:"epochs,omitempty"`
	Rungs   []float64         `json:"rungs,omitempty"` // scores, see Halving
	Error   string            `json:"error,omitempty"`
	Seconds float64           `json:"seconds"`
}

// file is an open file of a search.
type file struct {
	mu sync.Mutex
	regular.Append
}

// openFile reads the file of a search into its rows and rungs, and makes it ready for more.
func openFile(r *run) (*file, error) {
	f := &file{Append: regular.Append{Path: r.cfg.File}}
	known := header{fileFormat, r.cfg.Seed, r.cfg.Maximize, r.cfg.Halving}
	in, err := regular.Open(f.Path)
	if err == nil {
		defer in.Close()
		f.Position, err = r.read(in, known)
		err = errs.At(err, f.Path, "")
	} else if stderrors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	if err := f.Cut(); err != nil {
		return nil, err
	}
	if f.Position == 0 {
		if err := f.line(known); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// mostLine bounds a line of a file, in bytes.
const mostLine = 1 << 20

// read reads the lines of a file, and returns the position behind the last whole one.
func (r *run) read(in io.Reader, known header) (position int64, err error) {
	first, err := json.Marshal(known)
	if err != nil {
		return 0, err
	}
	lines := bufio.NewReaderSize(in, mostLine)
	for number := 1; ; number++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case stderrors.Is(err, io.EOF):
			if number == 1 && !bytes.HasPrefix(first, line) { // no header was begun there
				return 0, errs.Error{Field: "file", Rule: "must be that of a search, or not exist"}
			}
			return position, nil
		case stderrors.Is(err, bufio.ErrBufferFull):
			return 0, errs.Error{Field: fmt.Sprintf("line %d", number), Rule: fmt.Sprintf("must have at most %d bytes", mostLine)}
		case err != nil:
			return 0, err
		}
		if number == 1 {
			err = checkHeader(line, known)
		} else {
			err = r.restore(line)
		}
		if err != nil {
			return 0, errs.At(err, fmt.Sprintf("%s:%d", r.cfg.File, number), "")
		}
		position += int64(len(line))
	}
}

// parse reads a line into a header or a record.
func parse(line []byte, into any) error {
	if err := strictjson.Check(line, 3); err != nil {
		return errs.At(err, "", "line")
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return errs.Error{Field: "line", Rule: "must be one of a search; delete it and what follows, or give another file", Value: err}
	}
	return nil
}

const another = "; this is the file of another search, so give another one"

func checkHeader(line []byte, known header) error {
	var h header
	err := parse(line, &h)
	halving := func(h *Halving) string {
		if h == nil {
			return "none"
		}
		return fmt.Sprintf("%+v", *h)
	}
	switch {
	case err != nil:
		return err
	case h.Search != known.Search:
		return errs.Error{Field: "search", Rule: fmt.Sprintf("must be the version %d of the format", known.Search), Value: h.Search}
	case h.Seed != known.Seed:
		return errs.Error{Field: "seed", Rule: fmt.Sprintf("must be Config.Seed, %d", known.Seed) + another, Value: h.Seed}
	case h.Maximize != known.Maximize:
		return errs.Error{Field: "maximize", Rule: fmt.Sprintf("must be Config.Maximize, %v", known.Maximize) + another, Value: h.Maximize}
	case halving(h.Halving) != halving(known.Halving):
		return errs.Error{Field: "halving", Rule: fmt.Sprintf("must be Config.Halving, %s", halving(known.Halving)) + another, Value: halving(h.Halving)}
	}
	return nil
}

// restore makes a row of a line.
func (r *run) restore(line []byte) error {
	var c record
	if err := parse(line, &c); err != nil {
		return err
	}
	if c.Trial == nil || *c.Trial < 0 || *c.Trial >= r.trials {
		got := any("none")
		if c.Trial != nil {
			got = *c.Trial
		}
		return errs.Error{Field: "trial", Rule: fmt.Sprintf("must be one of the %d trials of the search", r.trials), Value: got}
	}
	i := *c.Trial
	if r.rows[i] != nil {
		return errs.Error{Field: "trial", Rule: "must be there once", Value: i}
	}
	values := r.cfg.Method.Values(r.cfg.Space, r.cfg.Seed, i)
	for name, want := range texts(values) {
		if got, ok := c.Values[name]; !ok || got != want {
			return errs.Error{Field: fmt.Sprintf("%q of trial %d", name, i), Rule: fmt.Sprintf("must be %s", want) + another, Value: got}
		}
	}
	if len(c.Values) != len(values) {
		return errs.Error{Field: "values", Rule: fmt.Sprintf("must be those of the %d parameters", len(values)) + another, Value: len(c.Values)}
	}
	if err := c.check(); err != nil {
		return err
	}
	if err := r.rungs.check(c); err != nil {
		return err
	}
	row := &Row{Trial: i, Values: values, State: c.State, Score: math.NaN(), Epochs: c.Epochs, Error: c.Error, Duration: time.Duration(c.Seconds * float64(time.Second))}
	if c.Score != nil {
		row.Score = *c.Score
	}
	r.rows[i] = row
	r.rungs.restore(i, c.Rungs)
	return nil
}

// check reports a record that no trial gives.
func (c record) check() error {
	const longest = float64(math.MaxInt64 / int64(time.Second))
	switch {
	case c.State != Done && c.State != Stopped && c.State != Failed:
		return errs.Error{Field: "state", Rule: "must be done, stopped or failed", Value: fmt.Sprintf("%q", c.State)}
	case (c.Score == nil) != (c.State == Failed):
		return errs.Error{Field: "score", Rule: "must be present, unless the trial has failed"}
	case (c.Error == "") != (c.State != Failed):
		return errs.Error{Field: "error", Rule: "must be present where the trial has failed, and not elsewhere"}
	case c.Epochs < 0:
		return errs.Error{Field: "epochs", Rule: "must not be negative", Value: c.Epochs}
	case !(c.Seconds >= 0 && c.Seconds < longest):
		return errs.Error{Field: "seconds", Rule: "must not be negative", Value: c.Seconds}
	}
	return nil
}

// check reports rungs that a trial cannot have reached.
func (r *rungs) check(c record) error {
	most := 0
	if r.Halving != nil {
		for {
			if needed, ok := r.rung(most); !ok || needed > c.Epochs {
				break
			}
			most++
		}
	}
	if len(c.Rungs) > most {
		return errs.Error{Field: "rungs", Rule: fmt.Sprintf("must be at most %d after %d epochs", most, c.Epochs), Value: len(c.Rungs)}
	}
	return nil
}

// texts are values as a file has them.
func texts(values map[string]any) map[string]string {
	out := make(map[string]string, len(values))
	for name, x := range values {
		out[name] = show(x)
	}
	return out
}

// add writes a trial. It is on the disk when add returns.
func (f *file) add(row Row, rungs []float64) error {
	c := record{
		Trial: &row.Trial, Values: texts(row.Values), State: row.State, Epochs: row.Epochs, Rungs: rungs,
		Error: row.Error, Seconds: row.Duration.Seconds(),
	}
	if row.State != Failed {
		c.Score = &row.Score
	}
	return f.line(c)
}

// line writes a line behind the others.
func (f *file) line(x any) error {
	text, err := json.Marshal(x)
	if err != nil {
		return errs.At(err, f.Path, "")
	}
	if len(text) >= mostLine {
		return errs.Error{Path: f.Path, Field: "line", Rule: fmt.Sprintf("must have less than %d bytes; make values of choices shorter", mostLine), Value: len(text)}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if info, err := os.Stat(f.Path); err == nil && info.Size() != f.Position {
		return errs.Error{Path: f.Path, Field: "file", Rule: fmt.Sprintf("must keep the %d bytes that this search has written; give each search a file of its own", f.Position), Value: info.Size()}
	}
	if _, err := f.Write(append(text, '\n')); err != nil {
		return err
	}
	return f.Sync()
}
