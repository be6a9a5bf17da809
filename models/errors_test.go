package models_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
)

// GRU has the name of one of Engram's own layers.
type GRU struct{ Units int }

func (GRU) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value { return inputs }

// table is a layer of which JSON would not know the type.
type table map[string]int

func (table) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value { return inputs }

// What is wrong with Custom is found when the model is built, or read, and not by
// Save alone.
func TestCustomIsChecked(t *testing.T) {
	file := bytesOf(t, sum())
	text, err := sum().JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		custom []any
		want   string
	}{
		{[]any{scaled{}, nil}, "Custom[1]: value must not be nil"},
		{[]any{&scaled{}}, "Custom[0]: value must be of a named struct or string type, got *models_test.scaled"},
		{[]any{GRU{}}, "Custom: GRU must name a single layers.Layer, got [github.com/engram-go/engram/layers.GRU github.com/engram-go/engram/models_test.GRU]"},
	} {
		m := models.NewSequential(models.Config{Custom: c.custom}, layers.Input{Shape: graph.Shape{2}}, layers.Flatten{})
		refused(t, m.Build(), "sequential: Config."+c.want)
		_, err := models.Read(bytes.NewReader(file), models.LoadConfig{Custom: c.custom})
		refused(t, err, "LoadConfig."+c.want)
		_, err = models.FromJSON(text, models.LoadConfig{Custom: c.custom})
		refused(t, err, "LoadConfig."+c.want)
	}
}

func TestSaveRefusesOtherKindsByPath(t *testing.T) {
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, table{})
	_, err := m.WriteTo(&bytes.Buffer{})
	refused(t, err, "sequential/table: table must be of a struct or string type to be saved, got map")
}

// full is a disk that is.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

// What cannot be written names the model.
func TestWritersThatFail(t *testing.T) {
	m := forecaster(models.Config{Name: "mine"})
	_, err := m.WriteTo(full{})
	for want, err := range map[string]error{
		"mine: file must be writable, got full": err,
		"mine: summary: full":                   m.Summary(full{}),
		"mine: drawing: full":                   m.WriteSVG(full{}),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
