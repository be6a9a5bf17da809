package models

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/layers"
)

// names are those of the layers of a model, each used once.
type names struct {
	taken   map[string]bool
	numbers map[string]int // the last number that free gave, by the name before it
}

func newNames() names { return names{map[string]bool{}, map[string]int{}} }

// take claims a name.
func (n names) take(name string) error {
	if err := checkName("", "layer name", name); err != nil {
		return err
	}
	if n.taken[name] {
		return graph.Error{Field: "layer name", Rule: "must be used once", Value: fmt.Sprintf("%q", name)}
	}
	n.taken[name] = true
	return nil
}

// free is a name that is not taken: lstm, lstm_1, lstm_2 …
func (n names) free(base string) string {
	name := base
	for n.taken[name] {
		n.numbers[base]++
		name = fmt.Sprintf("%s_%d", base, n.numbers[base])
	}
	return name
}

// checkName refuses a name that could not be a part of a path.
func checkName(path, field, name string) error {
	if err := layers.CheckName(field, name); err != nil {
		return errs.At(err, path, "")
	}
	return nil
}

// fault is what is wrong with the layers of a model, and where in the model.
type fault struct {
	place string // the name of a layer, or "" for the model itself
	err   error
}

// in is the error of a fault in the model of that path.
func (f *fault) in(path string) error {
	if f.place != "" {
		path += "/" + f.place
	}
	return errs.At(f.err, path, "")
}
