package main

import (
	"encoding/binary"
	stderrors "errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/forecast"
)

// modelFile is a file that engram forecast --save wrote.
type modelFile struct {
	Model string `arg:"" help:"File that engram forecast --save wrote."`
}

func (m modelFile) load() (*forecast.Forecaster, error) {
	if info, err := os.Stat(m.Model); err == nil && info.Mode().IsRegular() && !isModel(m.Model) {
		return nil, errors.Errorf("%s must be a file that engram forecast --save wrote", m.Model)
	}
	return forecast.Load(m.Model, forecast.LoadConfig{})
}

// notAColumn begins the rule of an error about a column that a file does not have, before those
// that it has.
const notAColumn = "must be one of "

// newRows is a file with rows for a forecaster.
type newRows struct {
	modelFile `embed:""`
	input     `embed:""`
}

// load reads the forecaster, and the columns of the file that it knows, and says what it has
// read. The file to write, if any, must not be the one to read.
func (n newRows) load(ctx *invocation, write string) (*forecast.Forecaster, []*datasets.Series, content, error) {
	if err := checkFiles(n.File, write); err != nil {
		return nil, nil, content{}, err
	}
	f, err := n.modelFile.load()
	if err != nil {
		return nil, nil, content{}, err
	}
	c := f.Config()
	s, err := n.input.load(ctx, slices.Concat(c.Targets, c.Past, c.Future, c.Static))
	if e, ok := stderrors.AsType[graph.Error](err); ok && columnField.MatchString(e.Field) && strings.HasPrefix(e.Rule, notAColumn) {
		e.Field, e.Rule, e.Value = "columns", fmt.Sprintf("must have %v, which the forecaster reads", e.Value), strings.TrimPrefix(e.Rule, notAColumn)
		err = e
	}
	if err != nil {
		return nil, nil, content{}, err
	}
	read := n.contentOf(s)
	fmt.Fprint(ctx.stderr, read.summary(n.File))
	return f, s, read, nil
}

// isModel reports whether a file is a forecaster's: its first eight bytes are the length of
// the JSON object that follows, which no text begins with.
func isModel(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	var head [9]byte
	if _, err := io.ReadFull(file, head[:]); err != nil {
		return false
	}
	return binary.LittleEndian.Uint64(head[:]) < 1<<32 && head[8] == '{'
}

// changed tells whether a file is another one than before, or was written since. One that cannot be
// looked at now, since it is being replaced, is not.
func changed(path string, before os.FileInfo) bool {
	now, err := os.Stat(path)
	return err == nil && !(before != nil && os.SameFile(now, before) && now.ModTime().Equal(before.ModTime()) && now.Size() == before.Size())
}
