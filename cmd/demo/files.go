package main

import (
	stderrors "errors"
	"os"
	"path/filepath"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/graph"
)

// flagFields are fields of Engram's configs by the flag that sets them.
var flagFields = map[string]string{
	"WindowConfig.Columns[0]": "--column",
	"CSVConfig.Columns[0]":    "--column",
	"WindowConfig.Steps":      "--steps",
	"LSTM.Units":              "--units",
}

// flagged makes an error about such a field one about the flag.
func flagged(err error) error {
	e, ok := stderrors.AsType[graph.Error](err)
	if !ok {
		return err
	}
	name, ok := flagFields[e.Field]
	if !ok {
		return err
	}
	e.Field = name
	return usageError{e}
}

// checkFiles finds out whether the files of the options can be written,
// before the work whose results they take.
func (o stockOptions) checkFiles() error {
	if o.save != "" {
		if info, err := os.Stat(o.save); err == nil && !info.Mode().IsRegular() {
			return wrongFlag("save", "must be a regular file", o.save)
		}
		if info, err := os.Stat(filepath.Dir(o.save)); err != nil || !info.IsDir() {
			return wrongFlag("save", "must lie in a folder that exists", o.save)
		}
		if err := tryFolder(filepath.Dir(o.save)); err != nil {
			return errors.Wrap(err, "--save")
		}
	}
	// The folder for the report is made later; what it will be made in is there.
	dir := filepath.Clean(o.report)
	info, err := os.Stat(dir)
	for err != nil && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		info, err = os.Stat(dir)
	}
	if err != nil || !info.IsDir() {
		return wrongFlag("report", "must be a folder, or one that can be made", o.report)
	}
	return errors.Wrap(tryFolder(dir), "--report")
}

// tryFolder finds out whether something can be written into a folder. Nothing
// stays there.
func tryFolder(dir string) error {
	name, err := os.MkdirTemp(dir, ".engram-*")
	if err != nil {
		return errors.Errorf("%s must be a folder that can be written to: %v", dir, stderrors.Unwrap(err))
	}
	return os.Remove(name)
}
