package models_test

import (
	"bytes"
	"testing"

	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
)

// A model that was read can be extended; what was read keeps its weights.
func TestExtendLoaded(t *testing.T) {
	read, err := models.Read(bytes.NewReader(small(t)), models.LoadConfig{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := read.Sequential()
	if err != nil {
		t.Fatal(err)
	}
	before, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	m.Add(layers.Dense{Units: 3, Name: "added"})
	after, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	if len(after) != len(before)+2 {
		t.Fatalf("got %d weights, had %d", len(after), len(before))
	}
	for i, w := range before {
		if after[i].Path != w.Path || !after[i].Value.Eq(w.Value) {
			t.Errorf("%s has changed", w.Path)
		}
	}
}
